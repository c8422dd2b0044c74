//! All that is told of a job as JSON: of a run that is elsewhere or still goes on, and of a job of another
//! platform. A run that is kept here is written as the run itself.

use serde::Serialize;

use crate::model::pipeline::Pipeline;

/// Version of this form; a reader refuses a larger one.
const FORMAT: u32 = 1;
/// Longest part of a file's name that an id becomes, in letters.
const NAME: usize = 64;

#[derive(Serialize)]
struct Report<'a> {
    job_format: u32,
    #[serde(flatten)]
    job: &'a Pipeline,
}

/// The report of `job`, indented, with a newline at its end.
pub fn json(job: &Pipeline) -> serde_json::Result<String> {
    let report = Report { job_format: FORMAT, job };
    serde_json::to_string_pretty(&report).map(|text| text + "\n")
}

/// What its file is called. The id is a platform's, and may be anything: what is no letter or digit becomes
/// a dash.
pub fn file_name(job: &Pipeline) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let id: String = job.id.as_str().chars().take(NAME).map(plain).collect();
    format!("isomon-job-{id}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_comes_back_as_it_was_and_its_name_leads_nowhere() {
        let job = Pipeline {
            id: "../../etc/cron.d/x".into(),
            status: "FAILED".into(),
            configuration: vec![("broker".into(), "kafka".into())],
            ..Pipeline::default()
        };
        let text = json(&job).unwrap();
        assert_eq!(serde_json::from_str::<Pipeline>(&text).unwrap(), job);
        assert!(text.contains("\"job_format\": 1"));
        assert_eq!(file_name(&job), "isomon-job-------etc-cron-d-x.json");
        let long = Pipeline { id: "é".repeat(500).as_str().into(), ..Pipeline::default() };
        assert!(file_name(&long).len() < 90);
    }
}
