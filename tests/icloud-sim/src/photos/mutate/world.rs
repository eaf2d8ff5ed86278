//! Changes to zones as wholes, and to what a mirror ignores.

use serde_json::{Value, json};

use crate::photos::Photos;
use crate::photos::database::RemovedZone;
use crate::photos::generate;
use crate::photos::noise;
use crate::photos::record::zone_id;
use crate::photos::spec::{LibrarySpec, SharedRole};
use crate::photos::zone::{Id, Role};

impl Photos {
    pub(super) fn add_ignorable(
        &mut self,
        zone: Option<&str>,
        count: usize,
        now_ms: i64,
    ) -> Result<Value, String> {
        let zone = self.zone_named(zone)?;
        for _ in 0..count {
            let seed = self.fresh();
            let kinds = ["CPLFaceCrop", "CPLPerson", "CPLMemory", "CPLSuggestion", "CPLNeverHeardOf"];
            let kind = *noise::Dice::new(seed).of(&kinds);
            let name = format!("X-{}", noise::uuid_text(noise::uuid(seed)));
            let at = self.zones[zone].add_other(name, kind);
            self.zones[zone].write(Id::Other(at), now_ms);
        }
        Ok(json!({}))
    }

    pub(super) fn add_and_purge(&mut self, zone: Option<&str>, now_ms: i64) -> Result<Value, String> {
        let zone = self.zone_named(zone)?;
        let name = noise::uuid_text(noise::uuid(self.fresh()));
        self.zones[zone].bury(name, now_ms);
        Ok(json!({}))
    }

    pub(super) fn reset_zone(&mut self, zone: Option<&str>) -> Result<Value, String> {
        let zone = self.zone_named(zone)?;
        let salt = noise::bytes(self.fresh());
        let zone = &mut self.zones[zone];
        let former = std::mem::replace(&mut zone.salt, salt);
        zone.former_salts.push(former);
        Ok(json!({}))
    }

    pub(super) fn migrate_zone(&mut self) -> Result<Value, String> {
        let at = self.zone_named(None)?;
        let salt = noise::bytes(self.fresh());
        let zone = &mut self.zones[at];
        self.removed.push(RemovedZone { area: zone.area, id: zone_id(zone), clock: self.clock });
        zone.name.push('1');
        zone.salt = salt;
        zone.former_salts.clear();
        zone.changed = self.clock;
        self.spec.personal_zone.clone_from(&zone.name);
        Ok(json!({ "zone": zone.name }))
    }

    pub(super) fn remove_zone(&mut self, zone: &str) -> Result<Value, String> {
        let at = self.zone_named(Some(zone))?;
        let zone = self.zones.remove(at);
        self.removed.push(RemovedZone { area: zone.area, id: zone_id(&zone), clock: self.clock });
        Ok(json!({}))
    }

    pub(super) fn open_shared_library(&mut self, role: SharedRole) -> Result<Value, String> {
        if self.zones.iter().any(|zone| zone.role == Role::SharedLibrary) {
            return Err("The account takes part in a shared library already".to_owned());
        }
        let spec = LibrarySpec { shared_library: role, ..self.spec.clone() };
        let mut zone = generate::shared_library(&spec, &self.owner())
            .ok_or("A shared library needs an owner or a participant")?;
        zone.changed = self.clock;
        let name = zone.name.clone();
        self.removed.retain(|removed| removed.id != zone_id(&zone));
        self.zones.push(zone);
        Ok(json!({ "zone": name }))
    }
}
