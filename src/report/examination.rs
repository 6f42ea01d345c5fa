//! The doctor's answer, for a terminal: cluster by cluster, what is wrong at the end, where it is read first.

use super::escape::log_line;
use crate::{
    images::Colour,
    pull_check::{Grade, Remark, Topic},
    reference::Registry,
};

const GRADES: [Grade; 4] = [Grade::Good, Grade::Doubtful, Grade::Unchecked, Grade::Bad];
const WIDEST: usize = "unchecked".len();

/// Writes what was found out; the last line is the verdict.
pub fn text(registry: &Registry, remarks: &[Remark], colour: Colour) -> String {
    let mut groups: Vec<(&str, Vec<&Remark>)> = Vec::new();
    for remark in remarks {
        match groups.iter_mut().find(|(cluster, _)| *cluster == remark.cluster) {
            Some((_, group)) => group.push(remark),
            None => groups.push((&remark.cluster, vec![remark])),
        }
    }
    let mut page = String::new();
    // The better ones first, cluster by cluster, and remark by remark in each.
    for worst in GRADES {
        let is_so = |group: &[&Remark]| group.iter().map(|remark| remark.grade).max() == Some(worst);
        for (cluster, group) in groups.iter().filter(|(_, group)| is_so(group)) {
            page.push_str(&format!("{} => {registry}\n", log_line(cluster)));
            for grade in GRADES {
                for remark in group.iter().filter(|remark| remark.grade == grade) {
                    write(remark, colour, &mut page);
                }
            }
            page.push('\n');
        }
    }
    page + &verdict(remarks) + "\n"
}

/// Returns the clusters of which nothing could be asked, in the order of the remarks. Images are the registry's.
pub fn unasked(remarks: &[Remark]) -> Vec<&str> {
    let told = |it: &&Remark| it.topic != Topic::Image && it.grade != Grade::Unchecked;
    let told: Vec<_> = remarks.iter().filter(told).map(|it| it.cluster.as_str()).collect();
    let mut names: Vec<&str> = Vec::new();
    for name in remarks.iter().map(|remark| remark.cluster.as_str()) {
        if !told.contains(&name) && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Returns the answer in a line.
pub fn verdict(remarks: &[Remark]) -> String {
    let count = |grade| remarks.iter().filter(|remark| remark.grade == grade).count();
    let told = |count: usize, noun: &str| (count > 0).then(|| format!("{count} {noun}"));
    let counts = [
        told(count(Grade::Bad), "to mend"),
        told(count(Grade::Doubtful), "to look at"),
        told(count(Grade::Unchecked), "unchecked"),
    ];
    let counts: Vec<_> = counts.into_iter().flatten().collect();
    let answer = match (count(Grade::Bad), count(Grade::Unchecked)) {
        (0, 0) => "pulls work",
        (0, _) => match unasked(remarks).as_slice() {
            [] => "nothing is known to be wrong",
            clusters => &format!("nothing could be asked of {}", log_line(&clusters.join(", "))),
        },
        _ => "pulls fail",
    };
    let more = if counts.is_empty() { String::new() } else { format!(": {}", counts.join(", ")) };
    format!("doctor: {answer}{more}")
}

fn write(remark: &Remark, colour: Colour, page: &mut String) {
    let (word, tint) = match remark.grade {
        Grade::Good => ("good", "32"),
        Grade::Doubtful => ("look", "33"),
        Grade::Unchecked => ("unchecked", "33"),
        Grade::Bad => ("bad", "31"),
    };
    let word = match colour {
        Colour::Plain => format!("{word:WIDEST$}"),
        Colour::Coloured => format!("\u{1b}[{tint}m{word:WIDEST$}\u{1b}[0m"),
    };
    page.push_str(&format!("{word}  {}: {}\n", remark.topic, log_line(&remark.problem.what)));
    if let Some(hint) = &remark.problem.hint {
        page.push_str(&format!("{:WIDEST$}  {}\n", "", log_line(hint)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{Problem, Side};

    fn remark(cluster: &str, topic: Topic, grade: Grade, what: &str) -> Remark {
        let problem = Problem::new(Side::Azure, what);
        let problem = if grade == Grade::Good { problem } else { problem.hint("Do `this`.") };
        Remark { cluster: cluster.to_owned(), topic, grade, problem }
    }

    #[test]
    fn what_is_wrong_stands_at_the_end() {
        let registry = Registry::parse("contosoacr.azurecr.io").unwrap();
        let remarks = [
            remark("prod", Topic::Cluster, Grade::Good, "a private cluster in westeurope"),
            remark("prod", Topic::Right, Grade::Bad, "unauthorized: ::error::no role ##[x]\n"),
            remark("prod", Topic::Network, Grade::Unchecked, "the network could not be asked"),
            remark("test", Topic::Cluster, Grade::Good, "a cluster in westeurope"),
            remark("test", Topic::Network, Grade::Doubtful, "two private endpoints"),
        ];
        insta::assert_snapshot!(text(&registry, &remarks, Colour::Plain));
        assert!(text(&registry, &remarks, Colour::Coloured).contains("\u{1b}[31mbad"));
        assert_eq!(verdict(&remarks[..1]), "doctor: pulls work");
        assert_eq!(
            verdict(&[remarks[0].clone(), remarks[2].clone()]),
            "doctor: nothing is known to be wrong: 1 unchecked"
        );
    }

    #[test]
    fn a_cluster_of_which_nothing_could_be_asked_is_named() {
        let denied = remark("test", Topic::Cluster, Grade::Unchecked, "the cluster could not be asked");
        // What the registry has says nothing of who may pull it.
        let images = remark("test", Topic::Image, Grade::Good, "all are there");
        let prod = remark("prod", Topic::Cluster, Grade::Good, "a private cluster in westeurope");
        assert_eq!(unasked(&[prod.clone(), denied.clone(), images.clone()]), ["test"]);
        assert_eq!(unasked(std::slice::from_ref(&prod)), [""; 0]);
        assert_eq!(verdict(&[denied, images, prod]), "doctor: nothing could be asked of test: 1 unchecked");
    }
}
