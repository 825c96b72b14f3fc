//! Second factors of log-in. A secret is shown when it is made and never again, a code is accepted once, and who guesses codes
//! waits like who guesses passwords.

use std::sync::Arc;

use domain::identity::passwords::WRONG;
use domain::identity::second_factors::{
    ENABLED, ISSUER, NOT_BEGUN, NOT_ENABLED, NewSecondFactor, RECOVERY_CODES, RecoveryCodes, SECRET_BYTES, SecondFactor, SecondFactorCode,
    SecondFactorSecret, WRONG_CODE,
};
use domain::identity::sessions::NO_SESSION;
use domain::identity::users::User;
use domain::ids::UserId;
use persistence::identity::{credentials, second_factors as rows};
use totp_rs::{Builder, Secret, Totp};

use super::secrets::{hash, one_time_password, random_bytes};
use super::throttle::Attempt;
use crate::prelude::*;

pub(super) fn operations(t: &mut Table) {
    let place = "identity/me/second-factor";
    t.report(place, state, "Get the state of your second factor.").for_everybody();
    t.command_outside("begin_second_factor", place, begin, BEGIN).for_everybody().fails(&[NO_SESSION, WRONG, ENABLED]);
    t.command_outside("confirm_second_factor", "identity/me/second-factor/confirm", confirm, CONFIRM)
        .for_everybody()
        .fails(&[NO_SESSION, NOT_BEGUN, WRONG_CODE]);
    t.command_outside("renew_recovery_codes", "identity/me/second-factor/recovery-codes", renew, RENEW).for_everybody().fails(&[
        NO_SESSION,
        NOT_ENABLED,
        WRONG_CODE,
    ]);
    t.command_outside("disable_second_factor", "identity/me/second-factor/disable", disable, DISABLE).for_everybody().fails(&[
        NO_SESSION,
        NOT_ENABLED,
        WRONG_CODE,
    ]);
}

const BEGIN: &str = "Begin to set up a second factor. The answer has a secret for an authenticator app; log-in needs its codes once the \
first one is confirmed. Beginning again replaces a secret that was not confirmed.";
const CONFIRM: &str = "Confirm a second factor by its first code. From then on log-in needs a code. The answer has ten recovery codes for \
when the device is lost, shown this once.";
const RENEW: &str = "Replace your recovery codes. Earlier ones become invalid.";
const DISABLE: &str = "Remove your second factor. It needs a code, so that a stolen session cannot do it.";
/// The generator of a secret.
fn generator(secret: &[u8], account: &str) -> Result<Totp> {
    let secret = Secret::new(secret.into());
    let built = Builder::new().with_secret(secret).with_account_name(account).with_issuer(Some(ISSUER)).build();
    built.map_err(|e| {
        log::error!("a second factor cannot be used: {e}");
        problems::internal.into()
    })
}

/// Uses up a code of a user, whose factor is confirmed or not; false when it is not good.
fn accept(cx: &mut Cx, user: UserId, code: &str) -> Result<bool> {
    let Some(factor) = rows::of_user(cx.db(), user)? else { return Ok(false) };
    let now = cx.now;
    let second = u64::try_from(now.timestamp()).unwrap_or(0);
    if let Some(step) = generator(&factor.secret, "account")?.check(code.trim(), second) {
        return Ok(rows::use_step(cx.db(), user, i64::try_from(step).unwrap_or(i64::MAX))?);
    }
    if factor.confirmed_at.is_none() {
        return Ok(false);
    }
    Ok(rows::use_recovery_code(cx.db(), user, &hash(&code.trim().to_lowercase()), now)?)
}

/// Whether a code lets a user in. It is used up.
pub(super) fn accepts(o: &Origin, author: &Arc<Caller>, user: UserId, code: String) -> Result<bool> {
    o.write_as(author, move |cx| accept(cx, user, &code))
}

/// The user with a session.
fn own(caller: &Caller) -> Result<UserId> {
    caller.user_id.filter(|_| caller.session_id.is_some()).ok_or_else(|| NO_SESSION.into())
}

fn state(cx: &mut Cx, _: NoFilter) -> Result<SecondFactor> {
    let id = cx.caller.user_id.ok_or_else(|| Problem::from(problems::not_found))?;
    let enabled = cx.find::<User>(id)?.second_factor_enabled;
    Ok(SecondFactor { enabled, recovery_codes_left: rows::recovery_codes_left(cx.db(), id)? })
}

fn begin(o: &Origin, body: NewSecondFactor) -> Result<SecondFactorSecret> {
    let id = own(&o.caller)?;
    let (user, known) = o.read(|cx| Ok((cx.find::<User>(id)?, credentials::hash_of(cx.db(), id)?)))?;
    if user.second_factor_enabled {
        return Err(ENABLED.into());
    }
    let attempt = Attempt::begin(&o.app, &user.email, &o.address().unwrap_or_else(|| "unknown".into()))?;
    if !o.app.identity.hasher.verify(&body.current_password, known.as_deref())? {
        attempt.failed()?;
        return Err(WRONG.field("/current_password", "The current password is wrong."));
    }
    attempt.succeeded()?;
    let secret = random_bytes()[..SECRET_BYTES].to_vec();
    let totp = generator(&secret, &user.email)?;
    o.write_as(&o.caller, move |cx| {
        let user = cx.load_for_update::<User>(id)?;
        cx.ensure(!user.second_factor_enabled, ENABLED, || "Remove the one you have first.".into())?;
        let now = cx.now;
        rows::begin(cx.db(), id, &secret, now)?;
        cx.emit(Event::of("second_factor_begun", &user));
        Ok(())
    })?;
    let otpauth_uri = totp.to_url().map_err(|e| problems::internal.with(e.to_string()))?;
    Ok(SecondFactorSecret { secret: totp.secret().to_base32(), otpauth_uri })
}

/// Does something with the second factor of the caller that needs a code; a wrong one counts like a wrong password.
fn with_code<T: Send + 'static>(
    o: &Origin,
    body: SecondFactorCode,
    wanted: fn(&User) -> Result<()>,
    f: impl Fn(&mut Cx, User) -> Result<T> + Send + 'static,
) -> Result<T> {
    let id = own(&o.caller)?;
    let user = o.read(|cx| cx.find::<User>(id))?;
    let attempt = Attempt::begin(&o.app, &user.email, &o.address().unwrap_or_else(|| "unknown".into()))?;
    let done = o.write_as(&o.caller, move |cx| {
        let user = cx.load_for_update::<User>(id)?;
        wanted(&user)?;
        if !accept(cx, id, &body.code)? {
            return Ok(None);
        }
        f(cx, user).map(Some)
    })?;
    match done {
        Some(done) => attempt.succeeded().map(|()| done),
        None => {
            attempt.failed()?;
            Err(WRONG_CODE.field("/code", "The code is wrong, was used before, or has expired."))
        }
    }
}

fn is_enabled(user: &User) -> Result<()> {
    if user.second_factor_enabled { Ok(()) } else { Err(NOT_ENABLED.into()) }
}

fn confirm(o: &Origin, body: SecondFactorCode) -> Result<RecoveryCodes> {
    let id = own(&o.caller)?;
    let waits = o.read(|cx| Ok(rows::of_user(cx.db(), id)?.is_some_and(|f| f.confirmed_at.is_none())))?;
    if !waits {
        return Err(NOT_BEGUN.into());
    }
    with_code(
        o,
        body,
        |_| Ok(()),
        |cx, user| {
            let now = cx.now;
            if rows::confirm(cx.db(), user.id, now)? == 0 {
                return Err(NOT_BEGUN.into());
            }
            let after = user.clone().with_second_factor()?;
            cx.save(&user, after, "second_factor_enabled")?;
            fresh_codes(cx, user.id)
        },
    )
}

fn renew(o: &Origin, body: SecondFactorCode) -> Result<RecoveryCodes> {
    with_code(o, body, is_enabled, |cx, user| {
        cx.emit(Event::of("recovery_codes_renewed", &user));
        fresh_codes(cx, user.id)
    })
}

fn fresh_codes(cx: &mut Cx, user: UserId) -> Result<RecoveryCodes> {
    let codes: Vec<String> = (0..RECOVERY_CODES).map(|_| one_time_password()).collect();
    let hashes: Vec<[u8; 32]> = codes.iter().map(|c| hash(c)).collect();
    rows::set_recovery_codes(cx.db(), user, &hashes)?;
    Ok(RecoveryCodes { recovery_codes: codes })
}

fn disable(o: &Origin, body: SecondFactorCode) -> Result<SecondFactor> {
    with_code(o, body, is_enabled, |cx, user| {
        without(cx, user)?;
        Ok(SecondFactor { enabled: false, recovery_codes_left: 0 })
    })
}

/// Removes the second factor of a user.
pub(super) fn without(cx: &mut Cx, user: User) -> Result<User> {
    let after = user.clone().without_second_factor()?;
    rows::remove(cx.db(), user.id)?;
    cx.save(&user, after, "second_factor_removed")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, in six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let totp = generator(b"12345678901234567890", "ada@example.com").expect("a generator");
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")] {
            assert_eq!(totp.check(code, second), Some(second / 30), "{second}");
            assert_eq!(totp.check(code, second + 90), None, "{second}: three steps later");
        }
        assert!(totp.to_url().expect("a URI").starts_with("otpauth://totp/Tandem:ada%40example.com?secret=GEZDGNBV"));
    }
}
