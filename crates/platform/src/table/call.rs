//! Running an operation: its answer, as far as the caller may see it, in the form that is asked for.

use domain::Result;

use super::answer::{Answer, Output};
use super::input::Input;
use super::kind::Kind;
use super::op::{Op, Places};
use super::schema;
use crate::app::App;
use crate::caller::Caller;
use crate::cx::Cx;
use crate::visibility;

impl Op {
    pub(crate) fn call(&self, cx: &mut Cx, input: &Input) -> Result<Answer> {
        let answer = (self.run)(cx, self, input).inspect_err(|p| {
            let declared = cx.nested() || self.codes.iter().any(|c| c.code == p.code().code);
            debug_assert!(declared, "{} answered {} ({p}) without declaring it", self.id, p.code().code);
        })?;
        // a resource and the rows of a list were covered when they were written
        if self.entity.is_some() || self.listing.is_some() {
            return Ok(answer);
        }
        let app = cx.app().clone();
        let answer = self.masked(&app, &cx.caller, answer)?;
        match self.kind == Kind::Report && input.is_shaped() {
            true => Ok(Answer { output: Answer::shaped_json(cx, self, input, answer.output.value())?.output, ..answer }),
            false => Ok(answer),
        }
    }
    /// The answer without what the caller may not see of it.
    pub(crate) fn masked(&self, app: &App, caller: &Caller, mut answer: Answer) -> Result<Answer> {
        let places = self.places.get_or_init(|| self.find_places(app));
        if !places.is_empty() && matches!(answer.output, Output::Json(_)) {
            let mut value = answer.output.value();
            visibility::mask(&app.table, caller, places, &mut value);
            answer.output = Output::Json(value.to_string().into_bytes());
        }
        Ok(answer)
    }
    /// An answer that was kept, without what the caller may not see of it now. What was hidden then stays hidden.
    pub(crate) fn masked_again(&self, app: &App, caller: &Caller, answer: Answer) -> Result<Answer> {
        let places = self.places.get_or_init(|| self.find_places(app));
        match places.iter().any(|(_, schema)| !visibility::Masking::of(&app.table, caller, schema).hidden.is_empty()) {
            true => self.masked(app, caller, answer),
            false => Ok(answer),
        }
    }
    fn find_places(&self, app: &App) -> Places {
        let Some(shape) = &self.output else { return Places::new() };
        match &self.listing {
            Some(listing) => {
                let row = (listing.row.name)().into_owned();
                let masked = !app.table.masks_of(&row).is_empty();
                masked.then(|| (vec!["data".to_string()], row)).into_iter().collect()
            }
            None => visibility::places(&app.table, &(shape.name)(), &schema::components(shape)),
        }
    }
}
