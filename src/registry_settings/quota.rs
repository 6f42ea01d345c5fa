//! Quota: how much of what the SKU includes is used, and what the plan adds.

use super::{Decision, Found, Part, Usage, decide::remark};
use crate::problem::{Grade, Problem, Side};

/// From here on somebody should look, in percent.
const FULL: u128 = 90;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;

/// What the lines of the plan bring.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Planned {
    /// How many images.
    pub images: usize,
    /// The bytes of those whose size is known. What they share, or the registry has, is counted all the same.
    pub bytes: u64,
    /// How many have a size that is not known.
    pub unknown: usize,
}

/// Says how full the registry is.
pub(super) fn look(found: &Found, planned: &Planned, decision: &mut Decision) {
    let usages = match &found.usages {
        Some(Ok(usages)) => usages,
        Some(Err(problem)) => {
            return decision.remarks.push(remark(Part::Registry, "quota", Grade::Unchecked, problem.clone()));
        }
        None => return,
    };
    for usage in usages {
        match usage.name.as_str() {
            "Size" => storage(found, usage, planned, decision),
            _ => number(found, usage, decision),
        }
    }
}

fn storage(found: &Found, usage: &Usage, planned: &Planned, decision: &mut Decision) {
    let Usage { limit, current_value, .. } = usage;
    let after = current_value.saturating_add(planned.bytes);
    let most = most(&found.sku);
    let mut what =
        format!("{}: {} of {} included are used ({})", found.sku, told(*current_value), told(*limit), share(usage));
    if planned.images > 0 {
        what.push_str(&format!("; the plan adds at most {}", told(planned.bytes)));
        if planned.unknown > 0 {
            what.push_str(&format!(", and {} of unknown size", images(planned.unknown)));
        }
    }
    let is_over = most.is_some_and(|most| after > most);
    if let Some(most) = most.filter(|_| is_over) {
        what.push_str(&format!("; the SKU holds {} at most", told(most)));
    }
    let is_full = u128::from(after) * 100 >= u128::from(*limit) * FULL;
    let grade = match (is_over, is_full) {
        (true, _) => Grade::Bad,
        (false, true) => Grade::Doubtful,
        (false, false) => Grade::Good,
    };
    let problem = Problem::new(Side::Target, what);
    let hint = match grade {
        Grade::Bad => "Clean up (`acr purge`) or split the registry. The figure lags behind real use.",
        Grade::Doubtful => {
            "Clean up, or go to a larger SKU (`az acr update --sku`); more than is included is billed by the GiB. The figure lags behind real use."
        }
        Grade::Good | Grade::Unchecked => "The figure lags behind real use.",
    };
    decision.remarks.push(remark(Part::Registry, "quota", grade, problem.hint(hint)));
}

fn number(found: &Found, usage: &Usage, decision: &mut Decision) {
    let is_full = usage.limit > 0 && u128::from(usage.current_value) * 100 >= u128::from(usage.limit) * FULL;
    if is_full {
        let what = format!(
            "{}: {} of {} {} are used ({})",
            found.sku,
            usage.current_value,
            usage.limit,
            usage.name.to_ascii_lowercase(),
            share(usage)
        );
        let problem = Problem::new(Side::Target, what).hint("Go to a larger SKU, or remove some.");
        decision.remarks.push(remark(Part::Registry, "quota", Grade::Doubtful, problem));
    }
}

/// The most bytes that a registry holds (container-registry-skus article); none for a SKU that is not known.
fn most(sku: &str) -> Option<u64> {
    match sku {
        "Basic" | "Standard" => Some(40 * TIB),
        "Premium" => Some(100 * TIB),
        _ => None,
    }
}

fn share(usage: &Usage) -> String {
    let percent = u128::from(usage.current_value) * 100 / u128::from(usage.limit.max(1));
    if percent == 0 && usage.current_value > 0 { "below 1 %".to_owned() } else { format!("{percent} %") }
}

fn images(number: usize) -> String {
    if number == 1 { "one image".to_owned() } else { format!("{number} images") }
}

/// Returns bytes in the units of the service's limits.
fn told(bytes: u64) -> String {
    let (unit, name) = match bytes {
        TIB.. => (TIB, "TiB"),
        GIB.. => (GIB, "GiB"),
        0x10_0000.. => (1 << 20, "MiB"),
        _ => return format!("{} KiB", bytes.div_ceil(1024)),
    };
    let tenths = u128::from(bytes) * 10 / u128::from(unit);
    if tenths % 10 == 0 { format!("{} {name}", tenths / 10) } else { format!("{}.{} {name}", tenths / 10, tenths % 10) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(sku: &str, used: u64, limit: u64, planned: Planned) -> (Grade, String) {
        let usages = vec![Usage { name: "Size".to_owned(), limit, current_value: used }];
        let found = serde_json::json!({"id": "/r", "name": "contoso", "location": "westeurope", "sku": {"name": sku}, "properties": {}});
        let found: super::super::found::Resource = serde_json::from_value(found).unwrap();
        let found = Found { usages: Some(Ok(usages)), ..found.found() };
        let mut decision = Decision::default();
        look(&found, &planned, &mut decision);
        assert_eq!(decision.remarks.len(), 1);
        (decision.remarks[0].grade, decision.remarks[0].problem.what.clone())
    }

    #[test]
    fn what_is_used_is_told_beside_what_is_included() {
        let none = Planned::default();
        let (grade, what) = looked("Standard", 12 * GIB + GIB / 2, 100 * GIB, none);
        assert_eq!((grade, what.as_str()), (Grade::Good, "Standard: 12.5 GiB of 100 GiB included are used (12 %)"));
        let planned = Planned { images: 3, bytes: 3 << 20, unknown: 1 };
        let (_, what) = looked("Basic", 2048, 10 * GIB, planned);
        assert!(what.ends_with("2 KiB of 10 GiB included are used (below 1 %); the plan adds at most 3 MiB, and one image of unknown size"), "{what}");
    }

    #[test]
    fn ninety_percent_is_a_warning_counting_what_the_plan_adds() {
        let adds = |bytes| Planned { images: 1, bytes, unknown: 0 };
        assert_eq!(looked("Basic", 8 * GIB, 10 * GIB, adds(GIB - 1)).0, Grade::Good);
        assert_eq!(looked("Basic", 8 * GIB, 10 * GIB, adds(GIB)).0, Grade::Doubtful);
        assert_eq!(looked("Basic", 11 * GIB, 10 * GIB, adds(0)).0, Grade::Doubtful);
    }

    #[test]
    fn more_than_the_sku_holds_is_bad() {
        let (grade, what) = looked("Standard", 40 * TIB, 100 * GIB, Planned { images: 1, bytes: 1, unknown: 0 });
        assert_eq!(grade, Grade::Bad);
        assert!(what.ends_with("; the SKU holds 40 TiB at most"), "{what}");
        assert_eq!(
            looked("Premium", 40 * TIB, 500 * GIB, Planned { images: 1, bytes: 1, unknown: 0 }).0,
            Grade::Doubtful
        );
    }

    #[test]
    fn other_figures_are_told_when_they_run_out() {
        let usages = vec![
            Usage { name: "Webhooks".to_owned(), limit: 10, current_value: 9 },
            Usage { name: "GeoReplications".to_owned(), limit: 0, current_value: 0 },
            Usage { name: "ScopeMaps".to_owned(), limit: 100, current_value: 2 },
        ];
        let found = serde_json::json!({"id": "/r", "name": "c", "location": "w", "sku": {"name": "Standard"}, "properties": {}});
        let found: super::super::found::Resource = serde_json::from_value(found).unwrap();
        let mut decision = Decision::default();
        look(&Found { usages: Some(Ok(usages)), ..found.found() }, &Planned::default(), &mut decision);
        assert_eq!(decision.remarks.len(), 1);
        assert_eq!(decision.remarks[0].problem.what, "Standard: 9 of 10 webhooks are used (90 %)");
    }
}
