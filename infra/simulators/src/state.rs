//! The state that the server's handlers share.

use axum::response::Response;

use crate::answer;
use crate::partner::Partner;
use crate::recorder::Recorder;

pub struct AppState {
    partners: Vec<Box<dyn Partner>>,
    pub recorder: Recorder,
}

impl AppState {
    pub fn new(partners: Vec<Box<dyn Partner>>) -> Self {
        let recorder = Recorder::new(partners.iter().flat_map(|partner| {
            let name = partner.name();
            partner.operations().iter().map(move |operation| (name, *operation))
        }));
        Self { partners, recorder }
    }

    /// Returns the partner, or a 404 that lists the known partners.
    pub fn partner(&self, name: &str) -> Result<&dyn Partner, Box<Response>> {
        let found = self.partners.iter().find(|partner| partner.name() == name);
        found.map(AsRef::as_ref).ok_or_else(|| {
            let known: Vec<_> = self.partners.iter().map(|partner| partner.name()).collect();
            let message = format!("no partner {name}; known: {}", known.join(", "));
            Box::new(answer::not_found(message))
        })
    }
}
