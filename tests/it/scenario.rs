//! A run of the corridor against a world of its own. A test states only what differs from the ordinary.

use acr_sync::{
    app::{self, Occasion},
    emulator::{CLIENT, Emulator, Image, Rights, SECRET, TENANT, World},
    http::{Retry, Way},
    import::{Event, Outcome},
    inputs::{Env, Inputs, Mode},
    plan::{Action, Reviewed, Step},
    policy::Evidence,
    report::{Base, Report},
    scanner,
};
use std::{collections::BTreeMap, sync::Mutex, time::Duration};
use tokio::sync::{mpsc::UnboundedReceiver, watch};

/// The digest-less source of most tests.
pub(crate) const NGINX: &str = "docker.io/library/nginx:1.27";

pub(crate) struct Scenario {
    pub(crate) world: World,
    mode: Mode,
    head: String,
    base: Option<String>,
    inputs: BTreeMap<&'static str, String>,
    stops: Option<When>,
    meanwhile: Option<(When, Meanwhile)>,
    settings: String,
    evidence: Evidence,
    settings_base: Option<String>,
    reviewed: Option<Reviewed>,
    /// Tests of patience shorten it; the others keep waits small.
    retry: Retry,
    deadline: Option<Duration>,
}

/// What somebody else does to the world during a run.
type Meanwhile = Box<dyn FnOnce(&World) + Send>;

/// When a run is stopped, or something is done to the world.
#[derive(Clone, Copy)]
enum When {
    /// The first import has reached Azure.
    Import,
    /// The first upload has reached this host.
    Upload(&'static str),
    /// The first run of ACR Tasks goes on.
    Build,
    /// The first request to the target has been answered by 429.
    Throttled,
}

impl When {
    fn is_reached(self, world: &World) -> bool {
        match self {
            Self::Import => !world.imports().is_empty(),
            Self::Upload(host) => {
                world.requests().iter().any(|seen| seen.host == host && seen.path.contains("/uploads/"))
            }
            Self::Build => world.azure_registry("contosoacr").runs().iter().any(|run| run.status == "Running"),
            Self::Throttled => {
                world.requests().iter().any(|seen| seen.host == "contosoacr.azurecr.io" && seen.status == Some(429))
            }
        }
    }
}

/// What is left of a run to look at.
pub(crate) struct Run {
    pub(crate) report: Report,
    pub(crate) world: World,
    /// What was said while it was applied.
    pub(crate) said: Vec<String>,
    _emulator: Emulator,
}

impl Scenario {
    pub(crate) fn plan(head: &str) -> Self {
        Self::new(Mode::Plan, head)
    }

    pub(crate) fn apply(head: &str) -> Self {
        Self::new(Mode::Apply, head)
    }

    fn new(mode: Mode, head: &str) -> Self {
        let world = World::new();
        drop(world.azure_registry("contosoacr"));
        world.identity(CLIENT, SECRET, Rights::importer());
        world.import_latency(Duration::from_millis(40));
        let inputs = [
            ("INPUT_REGISTRY", "contosoacr"),
            ("AZURE_TENANT_ID", TENANT),
            ("AZURE_CLIENT_ID", CLIENT),
            ("AZURE_CLIENT_SECRET", SECRET),
        ];
        let retry = Retry { first: Duration::from_millis(20), longest: Duration::from_millis(200), ..Retry::default() };
        Self {
            world,
            mode,
            head: head.to_owned(),
            base: None,
            inputs: inputs.map(|(name, value)| (name, value.to_owned())).into(),
            stops: None,
            meanwhile: None,
            settings: String::new(),
            evidence: Evidence::default(),
            settings_base: None,
            reviewed: None,
            retry,
            deadline: None,
        }
    }

    pub(crate) fn base(mut self, text: &str) -> Self {
        self.base = Some(text.to_owned());
        self
    }

    /// Puts an image into a source registry.
    pub(crate) fn source(self, name: &str, image: &Image) -> Self {
        let (host, rest) = name.split_once('/').unwrap();
        self.world.source(host).put(rest, image);
        self
    }

    /// Puts an image into the target.
    pub(crate) fn present(self, name: &str, image: &Image) -> Self {
        self.world.azure_registry("contosoacr").put(name, image);
        self
    }

    pub(crate) fn world(self, change: impl FnOnce(&World)) -> Self {
        change(&self.world);
        self
    }

    pub(crate) fn input(mut self, name: &'static str, value: &str) -> Self {
        self.inputs.insert(name, value.to_owned());
        self
    }

    pub(crate) fn without_identity(mut self) -> Self {
        self.inputs.remove("AZURE_CLIENT_SECRET");
        self
    }

    pub(crate) fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    pub(crate) fn patience(mut self, patience: Duration) -> Self {
        self.retry.patience = patience;
        self
    }

    /// The text of `acr-sync.yaml`.
    pub(crate) fn settings(mut self, text: &str) -> Self {
        self.settings = text.to_owned();
        self
    }

    /// A scanner's report.
    pub(crate) fn scan(mut self, file: &str, text: &str) -> Self {
        match scanner::read(file, text.as_bytes()) {
            Ok(scan) => self.evidence.scans.push(scan),
            Err(error) => self.evidence.unreadable.push(error),
        }
        self
    }

    /// A file of the repository that the settings name.
    pub(crate) fn file(mut self, name: &str, text: &str) -> Self {
        self.evidence.files.insert(name.to_owned(), text.into());
        self
    }

    /// A file with certificates that the settings name.
    pub(crate) fn certificate(mut self, name: &str, text: &str) -> Self {
        self.evidence.certificates.insert(name.to_owned(), text.into());
        self
    }

    /// Such a file as it was before the change; the others as they are now.
    pub(crate) fn certificate_base(mut self, name: &str, text: &str) -> Self {
        let before = self.evidence.certificates_before.get_or_insert_with(|| self.evidence.certificates.clone());
        before.insert(name.to_owned(), text.into());
        self
    }

    /// The text of `acr-sync.yaml` before the change; as it is now where a list is compared and nothing is said.
    pub(crate) fn settings_base(mut self, text: &str) -> Self {
        self.settings_base = Some(text.to_owned());
        self
    }

    /// What the reviewers were shown by the plan of another run.
    pub(crate) fn reviewed(mut self, run: &Run) -> Self {
        self.reviewed = run.report.shown();
        self
    }

    /// Goes on in the world of another run, as it left it.
    pub(crate) fn after(mut self, run: &Run) -> Self {
        self.world = run.world.clone();
        self
    }

    /// Stops the run when the first import has reached Azure.
    pub(crate) fn stop_at_import(mut self) -> Self {
        self.stops = Some(When::Import);
        self
    }

    /// Stops the run when the first upload has reached a host.
    pub(crate) fn stop_at_upload(mut self, host: &'static str) -> Self {
        self.stops = Some(When::Upload(host));
        self
    }

    /// Stops the run when the first run of ACR Tasks goes on.
    pub(crate) fn stop_at_build(mut self) -> Self {
        self.stops = Some(When::Build);
        self
    }

    /// Stops the run when the target has answered 429.
    pub(crate) fn stop_at_throttle(mut self) -> Self {
        self.stops = Some(When::Throttled);
        self
    }

    /// Changes the world when the first import has reached Azure.
    pub(crate) fn at_import(mut self, change: impl FnOnce(&World) + Send + 'static) -> Self {
        self.meanwhile = Some((When::Import, Box::new(change)));
        self
    }

    /// Changes the world when the first run of ACR Tasks goes on.
    pub(crate) fn at_build(mut self, change: impl FnOnce(&World) + Send + 'static) -> Self {
        self.meanwhile = Some((When::Build, Box::new(change)));
        self
    }

    /// Changes the world when the first upload has reached a host.
    pub(crate) fn at_upload(mut self, host: &'static str, change: impl FnOnce(&World) + Send + 'static) -> Self {
        self.meanwhile = Some((When::Upload(host), Box::new(change)));
        self
    }

    pub(crate) async fn run(self) -> Run {
        let emulator = Emulator::start(self.world.clone()).await.unwrap();
        let mut env = Env::default();
        for (name, value) in &self.inputs {
            match name.strip_prefix("INPUT_") {
                Some(name) => env.set_input(name, value),
                None => env.set_variable(name, value),
            }
        }
        let mut inputs = Inputs::read(&env).unwrap();
        inputs.way = Way {
            https_proxy: Some(emulator.proxy_url()),
            is_stand_in: true,
            http_proxy: Some(emulator.proxy_url()),
            // Servers of a test's own are reached as they are.
            no_proxy: Some("127.0.0.1".to_owned()),
            roots: Some(emulator.ca_pem().to_owned()),
            retry: self.retry,
            ledger: inputs.way.ledger,
            ..Way::default()
        };
        inputs.pace.settle = Duration::from_millis(400);
        if let Some(deadline) = self.deadline {
            inputs.pace.deadline = deadline;
        }
        let settings_base = self.settings_base.or_else(|| self.base.as_ref().map(|_| self.settings.clone()));
        let occasion = Occasion {
            mode: self.mode,
            file: "images.txt".to_owned(),
            head: self.head.into_bytes(),
            base: self.base.map(String::into_bytes),
            former: None,
            base_name: Base::None,
            reviewed: self.reviewed,
            settings_base: settings_base.map(String::into_bytes),
            settings: self.settings.into_bytes(),
            evidence: self.evidence,
        };
        let (stop, stopped) = watch::channel(false);
        if let Some((when, change)) = self.meanwhile {
            let world = self.world.clone();
            tokio::spawn(async move {
                while !when.is_reached(&world) {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                change(&world);
            });
        }
        if let Some(at) = self.stops {
            let world = self.world.clone();
            tokio::spawn(async move {
                while !at.is_reached(&world) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                stop.send_replace(true);
                stop.closed().await;
            });
        } else {
            // Lives as long as the run: its end would not be a wish to stop.
            tokio::spawn(async move { stop.closed().await });
        }
        let said = Mutex::new(Vec::new());
        let watch = async |_: &_, mut events: UnboundedReceiver<Event>| {
            while let Some(event) = events.recv().await {
                if let Event::Said(line) = event {
                    said.lock().unwrap().push(line);
                }
            }
        };
        let report = app::walk(&inputs, &occasion, watch, &stopped).await;
        let said = said.into_inner().unwrap();
        Run { report, world: self.world, said, _emulator: emulator }
    }
}

impl Run {
    pub(crate) fn step(&self) -> &Step {
        let plan = self.report.plan().unwrap_or_else(|| panic!("there is no plan: {:?}", self.report.parts[0].body));
        assert_eq!(plan.steps.len(), 1, "{plan:#?}");
        &plan.steps[0]
    }

    pub(crate) fn action(&self) -> &Action {
        &self.step().action
    }

    pub(crate) fn outcomes(&self) -> Vec<&Outcome> {
        self.report.steps().map(|(_, outcome)| outcome.expect("an apply has an outcome for every step")).collect()
    }

    pub(crate) fn outcome(&self) -> &Outcome {
        let outcomes = self.outcomes();
        assert_eq!(outcomes.len(), 1, "{outcomes:#?}");
        outcomes[0]
    }

    /// Returns the digest under a tag of the target.
    pub(crate) fn tag(&self, name: &str) -> Option<acr_sync::reference::Digest> {
        let (repository, tag) = name.rsplit_once(':').unwrap();
        self.world.azure_registry("contosoacr").tag(repository, tag)
    }

    pub(crate) fn wrote_nothing(&self) {
        assert!(self.world.imports().is_empty(), "{:#?}", self.world.imports());
    }

    /// Returns how many requests a host got whose path holds a text.
    pub(crate) fn requests(&self, host: &str, path: &str) -> usize {
        self.world.requests().iter().filter(|seen| seen.host == host && seen.path.contains(path)).count()
    }
}

pub(crate) fn image() -> Image {
    Image::index(["linux/amd64", "linux/arm64"])
}
