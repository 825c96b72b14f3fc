//! Everything that is wrong with one body, told at once instead of one refusal after the other.

use super::error::{Code, FieldError, Problem, Result, problems};

/// Collects refusals while a rule goes through a body. The problem has the code of the findings when they all share
/// one, else `invalid_body`; each place keeps its own code.
#[derive(Debug, Default)]
pub struct Findings {
    code: Option<Code>,
    errors: Vec<FieldError>,
}

impl Findings {
    /// Notes one wrong place; `pointer` as in RFC 6901.
    pub fn add(&mut self, code: Code, pointer: impl Into<String>, message: impl Into<String>) {
        self.errors.push(FieldError::body(pointer, code.code, message));
        self.meet(code);
    }
    /// Notes the refusal of a part and answers its value otherwise. A refusal without places gets this pointer.
    pub fn take<T>(&mut self, pointer: &str, part: Result<T>) -> Option<T> {
        match part {
            Ok(value) => Some(value),
            Err(problem) => {
                let problem = problem.under(pointer);
                self.errors.extend(problem.errors().iter().cloned());
                self.meet(problem.code());
                None
            }
        }
    }
    /// The refusal, when there was any.
    pub fn done(self) -> Result<()> {
        match self.code {
            None => Ok(()),
            Some(code) => Err(self.problem(code)),
        }
    }
    fn problem(self, code: Code) -> Problem {
        code.at(self.errors)
    }
    fn meet(&mut self, code: Code) {
        self.code = Some(match self.code {
            Some(other) if other.code != code.code => problems::invalid_body,
            _ => code,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Code = Code::invalid("thing.a", "A.");
    const B: Code = Code::invalid("thing.b", "B.");

    #[test]
    fn one_kind_of_finding_keeps_its_code_and_several_do_not() {
        let mut one = Findings::default();
        one.add(A, "/a", "a");
        one.add(A, "/b", "b");
        let problem = one.done().expect_err("two findings");
        assert_eq!((problem.code().code, problem.errors().len()), ("thing.a", 2));

        let mut two = Findings::default();
        two.add(A, "/a", "a");
        two.take::<()>("/list/1", Err(B.field("/b", "b")));
        let problem = two.done().expect_err("two findings");
        assert_eq!(problem.code().code, "invalid_body");
        assert_eq!(problem.errors()[1].pointer.as_deref(), Some("/list/1/b"));
    }

    #[test]
    fn no_finding_is_no_refusal() {
        assert!(Findings::default().done().is_ok());
    }
}
