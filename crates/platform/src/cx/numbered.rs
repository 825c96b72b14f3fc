//! Documents that get a number without gaps, which is taken last: what is told is heard first, and what others left for the end is
//! done, so that the series, which every document of its kind and company needs, is locked as short as can be. Who hears of the
//! document sees neither the number nor the row as it is then.

use chrono::NaiveDate;
use domain::ids::CompanyId;
use domain::kernel::Id;
use domain::{Entity, Event, Result};
use persistence::platform::numbers::{self, Series};
use persistence::{RETRY, Record, record};

use super::{Arc, Company, Cx};

/// Whose series, which, and on which day; the year is that in which the company's fiscal year begins.
type Numbering<'a> = (CompanyId, &'a str, NaiveDate);

impl Cx<'_> {
    /// The series of a company for the fiscal year of a day, of which a query takes a number such as `INV-2026-00012`.
    pub fn series(&mut self, company: CompanyId, code: &str, on: NaiveDate) -> Result<Series> {
        let of = self.once(company.uuid(), |conn| record::find::<Company>(conn, company.uuid()))?;
        let year = of.map_or_else(|| chrono::Datelike::year(&on), |c| c.fiscal_year_of(on));
        Ok(Series { company: company.uuid(), code: code.into(), year: year.into() })
    }
    /// Stores a changed document with its number. `give` gets the number and completes the document, whose row is changed by then.
    pub fn save_numbered<T: Entity + Record>(
        &mut self,
        before: &T,
        mut after: T,
        verb: &str,
        numbering: Numbering,
        give: impl FnOnce(&mut Cx, &mut T, String) -> Result<()>,
    ) -> Result<T> {
        after.bump(self.now);
        let place = self.told.len();
        self.emit(Event::change(verb, before, &after));
        let series = self.last_of_all::<T>(numbering)?;
        let number = numbers::update_numbered(&mut self.conn, before, &after, before.version(), &series)?;
        let number = number.ok_or_else(|| RETRY.with("Somebody else changed it at the same time."))?;
        self.reaches_target::<T>(after.key())?;
        give(self, &mut after, number)?;
        self.tell_again(place, Event::change(verb, before, &after));
        Ok(after)
    }
    /// Stores a new document with its number, and its parts.
    pub fn create_numbered<T: Entity + Record, P: Record>(
        &mut self,
        mut row: T,
        parts: &[P],
        numbering: Numbering,
        give: impl FnOnce(&mut T, String),
    ) -> Result<T> {
        let place = self.told.len();
        self.emit(Event::of("created", &row));
        let series = self.last_of_all::<T>(numbering)?;
        let number = numbers::insert_numbered(&mut self.conn, &row, parts, &series)?;
        self.reaches_new::<T>(row.key())?;
        give(&mut row, number);
        self.tell_again(place, Event::of("created", &row));
        Ok(row)
    }
    /// As [`Cx::create_numbered`], of a document that has changed already: what was made first, and what became of it at once, by
    /// which it got its number.
    pub fn create_changed<T: Entity + Record, P: Record>(
        &mut self,
        made: &T,
        (mut after, verb): (T, &str),
        parts: &[P],
        numbering: Numbering,
        give: impl FnOnce(&mut T, String),
    ) -> Result<T> {
        after.bump(self.now);
        self.emit(Event::of("created", made));
        let place = self.told.len();
        self.emit(Event::change(verb, made, &after));
        let series = self.last_of_all::<T>(numbering)?;
        let number = numbers::insert_numbered(&mut self.conn, &after, parts, &series)?;
        self.reaches_new::<T>(after.key())?;
        give(&mut after, number);
        self.tell_again(place, Event::change(verb, made, &after));
        Ok(after)
    }

    /// Does all that is to be done before the number is taken.
    fn last_of_all<T: Record>(&mut self, (company, series, on): Numbering) -> Result<Series> {
        self.finish()?;
        if T::is_steady() {
            self.known.clear();
        }
        self.series(company, series, on)
    }
    /// What was told without the number is kept with it.
    fn tell_again(&mut self, place: usize, event: Event) {
        if let Some(told) = self.told.get_mut(place) {
            *told = Arc::new(event);
        }
    }
}
