//! Outputs and their pictures: names of a kind that are names of files, sources and columns that are there.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::found::{late, near};
use super::super::yaml::Node;
use super::Rules;
use crate::model::workflow::plot::PlotKind;
use crate::model::workflow::{Output, PlotSpec};

impl Rules<'_, '_, '_> {
    /// Names of outputs are one of a kind, and names of files.
    pub(super) fn outputs(&mut self) {
        let mut stages_of: BTreeMap<&str, Vec<(&str, Range<usize>)>> = BTreeMap::new();
        for (stage, node) in self.workflow.stages.iter().zip(self.items("stages")) {
            for output in node.of("outputs").map(Node::items).unwrap_or_default() {
                if let Some((node, name)) =
                    output.of("name").and_then(|node| Some((node, node.text()?)))
                {
                    stages_of.entry(name).or_default().push((&stage.name, node.at.clone()));
                }
            }
        }
        for (name, places) in stages_of {
            let stages: Vec<&str> = places.iter().map(|(stage, _)| *stage).collect();
            let Some((_, at)) = places.last() else { continue };
            if stages.len() > 1 {
                let stages = stages.join(" ");
                let what =
                    format!("output name '{name}' is not unique; found in stages: [{stages}]");
                self.found.add(at, what, "name it something else");
            }
            self.file_name(name, "an output", at);
        }
    }

    fn file_name(&mut self, name: &str, of: &str, at: &Range<usize>) {
        if name.contains(['/', '\\']) || name.starts_with('.') {
            let what = format!("the name of {of} is that of its file in the run's directory");
            self.found.add(at, what, "no `/` or `\\`, and no `.` in front");
        }
    }

    pub(super) fn plots(&mut self) {
        let items = self.items("plots");
        self.unique(items, "plots");
        for (index, (node, plot)) in items.iter().zip(&self.workflow.plots).enumerate() {
            let path = format!("plots[{index}]");
            if let Some(name) = node.of("name") {
                self.file_name(&plot.name, "a plot", &name.at);
            }
            self.axes(node, plot, &path);
            self.source(node, plot, &path);
        }
    }

    /// There is what its picture needs.
    fn axes(&mut self, node: &Node, plot: &PlotSpec, path: &str) {
        let lacks = match plot.kind {
            PlotKind::Histogram => plot.x.is_empty() && plot.y.is_empty(),
            PlotKind::TimeSeries | PlotKind::Boxplot => plot.y.is_empty(),
        };
        if let Some(word) = node.of("type").filter(|_| lacks) {
            let axis = if plot.kind == PlotKind::Histogram { "x" } else { "y" };
            let what = format!("{path}.{axis} must be set");
            self.found.add(&word.at, what, "name the column with the values");
        }
    }

    fn source(&mut self, node: &Node, plot: &PlotSpec, path: &str) {
        let Some(source) = node.of("source") else { return };
        let stages = &self.workflow.stages;
        let outputs: Vec<&Output> = stages.iter().flat_map(|stage| &stage.outputs).collect();
        let Some(output) = outputs.iter().find(|output| output.name == plot.source) else {
            let names = || outputs.iter().map(|output| output.name.as_str());
            let near = late(|| near(&plot.source, names()));
            let what = format!("{path}.source references unknown output '{}'", plot.source);
            self.found.add(&source.at, what, near);
            return;
        };
        let Some(schema) = output.schema.as_ref().filter(|schema| !schema.columns.is_empty())
        else {
            return;
        };
        let known = |name: &&String| schema.columns.iter().any(|column| column.name == **name);
        for column in plot.x.iter().chain(&plot.y).chain(&plot.groupby).filter(|name| !known(name))
        {
            let of = &output.name;
            self.notes
                .push(format!("{path}: column '{column}' is not in the data_schema of '{of}'"));
        }
    }
}
