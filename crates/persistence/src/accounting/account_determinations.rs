//! Rows of account determinations, and the rules of a company with what is needed to post to their accounts.

use domain::accounting::account_determinations::{AccountDetermination, Rule};
use domain::accounting::posting::{ItemClass, Role};
use domain::ids::AccountId;
use domain::kernel::{Id, StringEnum};
use uuid::Uuid;

use crate::{Conn, Result, sql};

crate::record! {
    account_determinations: AccountDetermination {
        id: uid, company_id: uid, role: word, item_class: opt(word), party_class: opt(text), account_id: uid,
        valid_from_date: date, version: int, created_at: instant, updated_at: instant,
    }
}

/// The accounts that carry taxes of a company: those determined for them, and those of its tax codes.
pub fn tax_accounts(db: &mut Conn, company: Uuid) -> Result<Vec<AccountId>> {
    let found = sql!(
        "SELECT account_id FROM account_determinations WHERE company_id = {} AND role IN ('output_tax', 'input_tax') \
         UNION SELECT account_id FROM tax_codes WHERE company_id = {} AND account_id IS NOT NULL",
        company,
        company
    );
    Ok(found.load::<(Uuid,)>(db)?.into_iter().map(|r| AccountId::from_uuid(r.0)).collect())
}

/// The rules of a company, the oldest first.
pub fn rules(db: &mut Conn, company: Uuid) -> Result<Vec<Rule>> {
    let rows = sql!(
        "SELECT role, item_class, party_class, valid_from_date, account_id FROM account_determinations WHERE company_id = {} ORDER BY id",
        company
    )
    .load::<(String, Option<String>, Option<String>, chrono::NaiveDate, Uuid)>(db)?;
    Ok(rows
        .into_iter()
        .filter_map(|(role, item, party_class, valid_from_date, account)| {
            Some(Rule {
                role: Role::from_word(&role)?,
                item_class: item.as_deref().and_then(ItemClass::from_word),
                party_class,
                valid_from_date,
                account_id: AccountId::from_uuid(account),
            })
        })
        .collect())
}
