//! What one service may ask another. Facts go through events; questions go through these, declared beside their noun in `domain` and
//! answered by whoever the composition plugs in. Beside them is what every area is asked: to explain its records and to check its books.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::Result;
use domain::directory::overview::OverviewPart;
use domain::identity::visibility::FieldClass;
use domain::ids::{CompanyId, PartyId};
use domain::kernel::{Question, problems};
use serde::Serialize;
use utoipa::ToSchema;

use crate::cx::Cx;
use crate::table::Origin;

/// One step of a calculation: a value, the rule that made it, and what went in.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Explanation {
    /// What this is: `gross`, `tax 19 %`, `unit cost`.
    #[schema(max_length = 200)]
    pub label: String,
    /// The value, as stored; null when the caller may not see such figures.
    #[schema(required, max_length = 200)]
    pub value: Option<String>,
    /// The rule and its rounding, as text.
    #[schema(max_length = 1000)]
    pub rule: String,
    /// The record that holds the value, when there is one.
    #[schema(required, max_length = 40)]
    pub source: Option<String>,
    /// What went into it.
    #[schema(max_items = 1000, no_recursion)]
    pub inputs: Vec<Explanation>,
    /// The fields that the caller may not see.
    #[schema(max_items = 10)]
    pub masked: Vec<String>,
    /// What kind of secret the value and what went into it are.
    #[serde(skip)]
    #[schema(ignore)]
    pub class: Option<FieldClass>,
}

impl Explanation {
    pub fn of(label: impl Into<String>, value: impl ToString, rule: impl Into<String>, inputs: Vec<Explanation>) -> Self {
        Self {
            label: label.into(),
            value: Some(value.to_string()),
            rule: rule.into(),
            source: None,
            inputs,
            masked: Vec::new(),
            class: None,
        }
    }
    /// A value that was given, not computed.
    pub fn given(label: impl Into<String>, value: impl ToString) -> Self {
        Self::of(label, value, "given", vec![])
    }
    /// Says that the value and what went into it are shown only to who may see fields of this class.
    pub fn of_class(mut self, class: FieldClass) -> Self {
        self.class = Some(class);
        self
    }
    /// Hides what the caller may not see.
    pub(crate) fn cover(&mut self, caller: &crate::caller::Caller) {
        if self.class.is_some_and(|c| !caller.sees(c)) {
            self.value = None;
            self.inputs.clear();
            self.masked = vec!["value".into(), "inputs".into()];
        }
        self.inputs.iter_mut().for_each(|i| i.cover(caller));
    }
    pub fn at(mut self, source: impl ToString) -> Self {
        self.source = Some(source.to_string());
        self
    }
}

/// One check of the books and what breaks it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Check {
    /// `trial_balance`, `stock_value`, …
    #[schema(max_length = 100)]
    pub name: String,
    /// The rule that must hold, as text.
    #[schema(max_length = 500)]
    pub rule: String,
    pub passed: bool,
    /// Number of records examined.
    #[schema(minimum = 0, maximum = 9007199254740991i64)]
    pub examined: i64,
    /// What breaks it: ids and figures, at most 100.
    #[schema(max_items = 100)]
    pub breaks: Vec<String>,
}

impl Check {
    pub fn of(name: &str, rule: &str, examined: i64, breaks: Vec<String>) -> Self {
        let passed = breaks.is_empty();
        Self { name: name.into(), rule: rule.into(), passed, examined, breaks: breaks.into_iter().take(100).collect() }
    }
}

type Explainer = fn(&mut Cx, &str) -> Result<Explanation>;
type Numbers = fn(&mut Cx, CompanyId, &str) -> Result<Vec<String>>;
type Checker = fn(&mut Cx) -> Result<Vec<Check>>;
type About<R> = fn(&mut Cx, PartyId) -> Result<R>;
/// What an area adds to the overview of a party: its name, the permission to see it, and who tells it. It must be bounded: a
/// count that an index answers and at most ten things, of the companies that the caller may see.
pub(crate) struct Joined {
    pub name: &'static str,
    pub permission: &'static str,
    pub tell: About<OverviewPart>,
}

/// How a question is answered.
type Answerer<Q> = for<'a, 'b, 'c> fn(&'b mut Cx<'c>, <Q as Question>::Ask<'a>) -> Result<<Q as Question>::Answer>;

/// Who answers what.
#[derive(Default)]
pub struct Questions {
    answers: HashMap<TypeId, (&'static str, Box<dyn Any + Send + Sync>)>,
    pub(crate) joined: Vec<Joined>,
    pub(crate) explainers: BTreeMap<&'static str, Explainer>,
    pub(crate) checks: Vec<Proof>,
    /// Who knows the numbers in use of a series: its code, and the numbers of a company with a prefix.
    pub(crate) numbered: BTreeMap<&'static str, Numbered>,
}

/// A check of the books.
#[derive(Clone, Copy)]
pub(crate) struct Proof {
    /// What a report can wait for.
    pub usual: Checker,
    /// The same from the very beginning, where that takes longer.
    pub whole: Option<fn(&Origin) -> Result<Vec<Check>>>,
}

/// Who knows the numbers of a series.
#[derive(Clone, Copy)]
pub(crate) struct Numbered {
    /// Whether the series is whole, found without loading its numbers.
    pub summary: Option<fn(&mut Cx, CompanyId, &str) -> Result<persistence::platform::numbers::Summary>>,
    pub all: Numbers,
}

impl Questions {
    /// Says who answers a question. Panics, and so fails a test and the start, when somebody does already.
    pub fn answer<Q: Question>(&mut self, f: Answerer<Q>) {
        let before = self.answers.insert(TypeId::of::<Q>(), (Q::NAME, Box::new(f)));
        assert!(before.is_none(), "the question {} is answered twice", Q::NAME);
    }
    /// The names of the questions that are answered.
    pub fn answered(&self) -> BTreeSet<&'static str> {
        self.answers.values().map(|(name, _)| *name).collect()
    }
    fn answerer<Q: Question>(&self) -> Option<Answerer<Q>> {
        self.answers.get(&TypeId::of::<Q>()).and_then(|(_, f)| f.downcast_ref::<Answerer<Q>>()).copied()
    }
    /// Joins the overview of a party with a section that callers with this permission see; the others are told its name. What
    /// happens to a party joins its timeline by itself: as facts of things whose `party` it is.
    pub fn join_overview(&mut self, name: &'static str, permission: &'static str, tell: fn(&mut Cx, PartyId) -> Result<OverviewPart>) {
        self.joined.push(Joined { name, permission, tell });
    }
    /// Explains records whose id has this prefix.
    pub fn explain(&mut self, prefix: &'static str, f: Explainer) {
        self.explainers.insert(prefix, f);
    }
    /// Documents of this kind take their `number` from the series with this code; the series is proved by them.
    pub fn numbered<T: persistence::Record>(&mut self, code: &'static str) {
        use persistence::platform::numbers;
        self.numbered.insert(
            code,
            Numbered {
                summary: Some(|cx, company, prefix| Ok(numbers::summary::<T>(cx.db(), domain::kernel::Id::uuid(company), prefix)?)),
                all: |cx, company, prefix| Ok(numbers::used::<T>(cx.db(), domain::kernel::Id::uuid(company), prefix)?),
            },
        );
    }
    /// As [`Questions::numbered`], for documents of which several may share a number.
    pub fn numbered_by(&mut self, code: &'static str, f: Numbers) {
        self.numbered.insert(code, Numbered { summary: None, all: f });
    }
    /// Checks of the books.
    pub fn check(&mut self, f: Checker) {
        self.checks.push(Proof { usual: f, whole: None });
    }
    /// A check that usually looks at what is new and, in a verification, at the whole.
    pub(crate) fn check_what_is_new(&mut self, new: Checker, whole: fn(&Origin) -> Result<Vec<Check>>) {
        self.checks.push(Proof { usual: new, whole: Some(whole) });
    }
}

impl Cx<'_> {
    /// Asks another service.
    ///
    /// # Errors
    /// Whatever the answer is refused with; `internal` when the composition has nobody who answers.
    pub fn ask<Q: Question>(&mut self, about: Q::Ask<'_>) -> Result<Q::Answer> {
        match self.app().questions.answerer::<Q>() {
            Some(answer) => answer(self, about),
            None => {
                log::error!("nobody answers the question {}", Q::NAME);
                Err(problems::internal.into())
            }
        }
    }
}

/// All checks of the books, one after the other, in one snapshot.
pub fn run_checks(cx: &mut Cx) -> Result<Vec<Check>> {
    let app = cx.app().clone();
    let mut out = Vec::new();
    for check in &app.questions.checks {
        out.extend((check.usual)(cx)?);
    }
    Ok(out)
}

/// The typed id in the path of an explanation.
pub fn id_in<I: domain::kernel::Id>(text: &str) -> Result<I> {
    text.parse().map_err(|_| problems::not_found.with(format!("There is nothing with the id {text}.")))
}
