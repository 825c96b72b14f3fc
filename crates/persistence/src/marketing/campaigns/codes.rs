//! What campaigns are called in the marks of links and in the dimensions of journal lines.

use domain::ids::{CampaignId, CompanyId};
use domain::kernel::Id;
use domain::marketing::campaigns::Campaign;
use uuid::Uuid;

use crate::{Conn, Result, sql};

/// Writes what a campaign is called. A name that another campaign had is that of the later one.
pub fn write(db: &mut Conn, campaign: &Campaign) -> Result<()> {
    forget(db, campaign.id)?;
    for code in campaign.codes() {
        sql!(
            "INSERT INTO campaign_codes (company_id, code, campaign_id) VALUES ({}, {}, {}) \
             ON CONFLICT (company_id, code) DO UPDATE SET campaign_id = excluded.campaign_id",
            campaign.company_id.uuid(),
            code,
            campaign.id.uuid()
        )
        .execute(db)?;
    }
    Ok(())
}

/// Forgets what a campaign was called.
pub fn forget(db: &mut Conn, campaign: CampaignId) -> Result<usize> {
    sql!("DELETE FROM campaign_codes WHERE campaign_id = {}", campaign.uuid()).execute(db)
}

/// The campaign that is called so.
pub fn find(db: &mut Conn, company: CompanyId, code: &str) -> Result<Option<CampaignId>> {
    let found = sql!("SELECT campaign_id FROM campaign_codes WHERE company_id = {} AND code = {}", company.uuid(), code);
    Ok(found.first::<(Uuid,)>(db)?.map(|r| CampaignId::from_uuid(r.0)))
}

/// What a campaign is called.
pub fn of(db: &mut Conn, campaign: CampaignId) -> Result<Vec<String>> {
    let found = sql!("SELECT code FROM campaign_codes WHERE campaign_id = {} ORDER BY code", campaign.uuid());
    Ok(found.load::<(String,)>(db)?.into_iter().map(|r| r.0).collect())
}
