//! What is to be done for one target, cause by cause, and how far it is proved.

use crate::model::finding::{Finding, Fix};

use super::{Told, prose::clean};

pub(super) struct Fixes<'a> {
    /// What no earlier target was told, under its cause.
    pub(super) new: Vec<(&'a Finding, Vec<&'a Fix>)>,
    /// Everything that this target needs, told before or not: a proof is one of all of it.
    all: Vec<&'a Fix>,
    /// The targets where the rest is told.
    elsewhere: Vec<String>,
}

impl<'a> Fixes<'a> {
    pub(super) fn of(causes: &[&'a Finding], target: &str, told: &mut Told) -> Self {
        let mut fixes = Self { new: Vec::new(), all: Vec::new(), elsewhere: Vec::new() };
        for cause in causes {
            let mut new = Vec::new();
            for fix in &cause.fixes {
                let key = (fix.text.clone(), fix.cli.clone());
                // Two causes of one target may want the same.
                if fixes.all.iter().any(|known| known.text == fix.text && known.cli == fix.cli) {
                    continue;
                }
                fixes.all.push(fix);
                match told.fixes.get(&key) {
                    Some(before) if !fixes.elsewhere.contains(before) => fixes.elsewhere.push(before.clone()),
                    Some(_) => {}
                    None => {
                        told.fixes.insert(key, target.to_owned());
                        new.push(fix);
                    }
                }
            }
            if !new.is_empty() {
                fixes.new.push((cause, new));
            }
        }
        fixes
    }

    pub(super) fn title(&self) -> String {
        let besides = match self.elsewhere.as_slice() {
            [] => String::new(),
            targets => format!(", besides what is told for {}", clean(&targets.join(", "))),
        };
        let changes: Vec<_> = self.all.iter().filter(|fix| fix.change.is_some()).collect();
        let proved = !changes.is_empty() && changes.iter().all(|fix| fix.verified);
        let only_changes = changes.len() == self.all.len();
        let proof = match (proved, only_changes, changes.len()) {
            (true, true, 1) => " (proved on this inventory: with it, the path passes)",
            (true, true, _) => " (proved on this inventory: with all of it, the path passes)",
            (true, false, _) => " (the rules and routes in it are proved on this inventory)",
            (false, ..) => "",
        };
        format!("Fix{besides}{proof}")
    }
}
