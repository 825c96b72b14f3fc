//! Number series and the proof that they have no gaps.

use domain::platform::number_series::{GapsQuery, GapsReport, NumberSeries, SeriesGaps, SeriesNumber};

use crate::cx::bad_parameter;
use crate::prelude::*;
use crate::questions::Check;

pub fn operations(t: &mut Table) {
    t.tag("platform/number-series", "Numbers of documents, without gaps.");
    t.rows::<NumberSeries>("platform/number-series", |cx, list| cx.page(list), "List number series.").filter(&["code", "year"]);
    t.report("platform/number-series/gaps", gaps, GAPS).named("get_number_series_gaps").permission("platform.number_series.read");
}

const GAPS: &str = "Report gaps in the number series. Compares the numbers given with the numbers on documents: none may be missing, \
doubled or beyond the series.";

/// Series looked at in one report.
const MOST: i64 = 500;

fn gaps(cx: &mut Cx, asked: GapsQuery) -> Result<GapsReport> {
    let mut list = List::first(MOST);
    if let Some(company) = asked.company_id {
        list.only("company_id", company.uuid());
    }
    if let Some(code) = asked.code {
        if !(1..=20).contains(&code.chars().count()) {
            return Err(bad_parameter("code", "1 to 20 characters."));
        }
        list.only("code", code);
    }
    if let Some(year) = asked.year {
        list.only("year", i64::from(year));
    }
    let series = cx.page::<NumberSeries>(list)?.data;
    let series = series.iter().filter_map(|s| gaps_of(cx, s).transpose()).collect::<Result<Vec<_>>>()?;
    Ok(GapsReport { complete: series.iter().all(SeriesGaps::is_complete), series })
}

/// `None` for a series that nobody answers for.
fn gaps_of(cx: &mut Cx, series: &NumberSeries) -> Result<Option<SeriesGaps>> {
    let Some(numbered) = cx.app().questions.numbered.get(&*series.code).copied() else { return Ok(None) };
    let (company, prefix) = (series.company_id, series.prefix());
    if let Some(summary) = numbered.summary {
        let found = summary(cx, company, &prefix)?;
        if found.strange == 0
            && let Some(whole) = series.whole(found.documents, found.numbers, found.first, found.last)
        {
            return Ok(Some(whole));
        }
    }
    // something is wrong, and is named
    Ok(Some(series.gaps((numbered.all)(cx, company, &prefix)?)))
}

/// The check of the books: every series has each of its numbers once.
pub(crate) fn check(cx: &mut Cx) -> Result<Vec<Check>> {
    let (mut breaks, mut examined) = (Vec::new(), 0);
    let mut list = List::first(200);
    loop {
        let page = cx.page::<NumberSeries>(list.clone())?;
        for series in &page.data {
            examined += 1;
            if let Some(gaps) = gaps_of(cx, series)?.filter(|g| !g.is_complete()) {
                let named = |what: &str, list: &[SeriesNumber]| {
                    let all: Vec<&str> = list.iter().map(|n| n.0.as_str()).collect();
                    (!all.is_empty()).then(|| format!("{what} {}", all.join(", ")))
                };
                let all = [named("missing", &gaps.missing), named("doubled", &gaps.doubled), named("beyond", &gaps.beyond)];
                let text = all.into_iter().flatten().collect::<Vec<_>>().join("; ");
                breaks.push(format!("{} {}: {text}", series.company_id, series.prefix()).chars().take(1000).collect());
            }
        }
        match page.data.last().filter(|_| page.has_more) {
            Some(last) => list = list.after_id(last.id.uuid()),
            None => break,
        }
    }
    let rule = "Every number that a series has given is on exactly one document.";
    Ok(vec![Check::of("number_series", rule, examined, breaks)])
}
