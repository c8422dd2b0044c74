//! What a server of models says of itself beside its metrics: which models, how long a context, which
//! version. Read field by field; nothing here is needed.

use serde_json::Value;

use crate::model::reading::{Reading, Why};
use crate::model::serving::{Engine, Serving};
use crate::model::text::SafeText;
use crate::source::foreign::value;

/// Models of one server.
const MOST: usize = 64;

/// A model of the server's list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Model {
    pub(super) name: SafeText,
    /// Most tokens of a request.
    pub(super) context: Option<f64>,
    /// An adapter of another model, or another name of one.
    pub(super) adapter: bool,
}

/// What is known of a server.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    pub(super) models: Vec<Model>,
    pub(super) version: Option<SafeText>,
    /// Most tokens of a request, where the server has one number for all.
    pub(super) context: Option<f64>,
}

/// The list at `/v1/models`.
pub(super) fn models(list: &Value) -> Vec<Model> {
    let roots: Vec<SafeText> =
        value::list(list, "data").iter().filter_map(|one| value::text(one, "id")).collect();
    let model = |one: &Value| {
        let meta = one.get("meta");
        let context = value::above_zero(one, "max_model_len");
        let trained = meta.and_then(|meta| value::above_zero(meta, "n_ctx_train"));
        let parent = value::text(one, "parent");
        Some(Model {
            name: short(&value::text(one, "id")?),
            context: context.or(trained),
            adapter: parent.is_some_and(|parent| roots.contains(&parent)),
        })
    };
    value::list(list, "data").iter().filter_map(model).take(MOST).collect()
}

/// A file is named by its last part; the name of a model with its owner stays.
pub(super) fn short(name: &SafeText) -> SafeText {
    let text = name.as_str();
    let extension = std::path::Path::new(text).extension();
    let is_file = extension.is_some_and(|extension| extension.eq_ignore_ascii_case("gguf"));
    let is_path = text.starts_with('/') || is_file;
    let last = text.rsplit('/').next().filter(|last| is_path && !last.is_empty());
    last.map_or_else(|| name.clone(), SafeText::new)
}

/// Who says that he owns the models of the list; `None` where it is no such list.
pub(in crate::source) fn owner(list: &Value) -> Option<Engine> {
    let models = list.get("data")?.as_array()?;
    let is_list = list.get("object").and_then(Value::as_str) == Some("list");
    let named = models.iter().all(|model| model.get("id").is_some_and(Value::is_string));
    let owner = models.first().and_then(|model| value::text(model, "owned_by"));
    let engine = match owner.as_ref().map(SafeText::as_str) {
        Some("vllm") => Engine::Vllm,
        Some("sglang") => Engine::Sglang,
        Some("llamacpp") => Engine::LlamaCpp,
        _ => Engine::OpenAi,
    };
    (is_list && named).then_some(engine)
}

/// The models Ollama holds in memory now (`/api/ps`).
pub(super) fn loaded(list: &Value) -> Vec<Serving> {
    let serving = |one: &Value| {
        let memory = value::bytes(one, "size_vram", 1.0);
        Some(Serving {
            engine: Some(Engine::Ollama),
            engines: 1,
            context_tokens: reading(value::above_zero(one, "context_length")),
            memory_bytes: Reading::from_option(memory, Why::NotSupported),
            ..Serving::silent(value::text(one, "name").or_else(|| value::text(one, "model"))?)
        })
    };
    value::list(list, "models").iter().filter_map(serving).take(MOST).collect()
}

impl Listed {
    /// Takes in `/props` of llama.cpp.
    pub(super) fn take_props(&mut self, props: &Value) {
        self.version = value::text(props, "build_info").or_else(|| self.version.take());
        let settings = props.get("default_generation_settings");
        self.context = settings.and_then(|settings| value::above_zero(settings, "n_ctx"));
    }

    /// Takes in `/info` of Text Generation Inference.
    pub(super) fn take_info(&mut self, info: &Value) {
        self.version = value::text(info, "version").or_else(|| self.version.take());
        self.context = value::above_zero(info, "max_total_tokens");
        if let Some(name) = value::text(info, "model_id") {
            self.models = vec![Model { name, ..Model::default() }];
        }
    }

    /// Takes in whatever holds a `version`.
    pub(super) fn take_version(&mut self, answer: &Value) {
        self.version = value::text(answer, "version").or_else(|| self.version.take());
    }

    /// Adds to `serving` what is known beside the metrics. A model the page does not name is the first
    /// of the list; models of which no page tells are added, silent.
    pub(super) fn complete(&self, serving: &mut Vec<Serving>, engine: Engine) {
        let own: Vec<&Model> = self.models.iter().filter(|model| !model.adapter).collect();
        if serving.is_empty() {
            let silent = |model: &&Model| Serving {
                engine: Some(engine),
                engines: 1,
                ..Serving::silent(model.name.clone())
            };
            serving.extend(own.iter().map(silent));
        }
        let first = own.first().map(|model| model.name.clone());
        let one = serving.len() == 1;
        for served in serving {
            if served.model.is_empty() {
                served.model = first.clone().unwrap_or_else(|| "model".into());
            }
            served.model = short(&served.model);
            served.version.clone_from(&self.version);
            let same = self.models.iter().find(|model| model.name == served.model);
            let context = same
                .or_else(|| own.first().copied().filter(|_| one))
                .and_then(|model| model.context);
            if served.context_tokens.get().is_none() {
                served.context_tokens = reading(self.context.or(context));
            }
            if one {
                let others = self.models.iter().map(|model| &model.name);
                let others =
                    others.filter(|name| **name != served.model && !served.also.contains(name));
                let others: Vec<SafeText> = others.cloned().collect();
                served.also.extend(others);
            }
        }
    }
}

fn reading(number: Option<f64>) -> Reading<f64> {
    Reading::from_option(number, Why::NotSupported)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_names_models_and_adapters() {
        let list = json!({"object": "list", "data": [
            {"id": "Qwen/Qwen3-4B", "owned_by": "vllm", "max_model_len": 8192, "parent": null},
            {"id": "sql", "owned_by": "vllm", "parent": "Qwen/Qwen3-4B"},
            {"id": 7}
        ]});
        let found = models(&list);
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].context, found[0].adapter), (Some(8192.0), false));
        assert!(found[1].adapter);
        assert_eq!(owner(&list), None, "an id that is no text");
        let listed = Listed { models: found, version: Some("0.9".into()), context: None };
        let mut serving = vec![Serving::silent("".into())];
        listed.complete(&mut serving, Engine::Vllm);
        assert_eq!(serving[0].model.as_str(), "Qwen/Qwen3-4B");
        assert_eq!(serving[0].context_tokens.get(), Some(8192.0));
        assert_eq!(serving[0].also, [SafeText::new("sql")]);
    }

    #[test]
    fn owners_are_told_apart_and_a_file_is_named_by_its_last_part() {
        let list =
            |owner: &str| json!({"object": "list", "data": [{"id": "m", "owned_by": owner}]});
        assert_eq!(owner(&list("vllm")), Some(Engine::Vllm));
        assert_eq!(owner(&list("llamacpp")), Some(Engine::LlamaCpp));
        assert_eq!(owner(&list("me")), Some(Engine::OpenAi));
        assert_eq!(owner(&json!({"object": "list", "data": []})), Some(Engine::OpenAi));
        assert_eq!(owner(&json!({"data": [{"id": "m"}]})), None);
        assert_eq!(short(&"/models/tiny.gguf".into()).as_str(), "tiny.gguf");
        assert_eq!(short(&"Qwen/Qwen3-4B".into()).as_str(), "Qwen/Qwen3-4B");
    }

    #[test]
    fn what_ollama_holds_is_told_with_its_memory() {
        let list = json!({"models": [
            {"name": "qwen3:8b", "size_vram": 4_600_000_000_u64, "context_length": 8192},
            {"size_vram": 3}, null
        ]});
        let found = loaded(&list);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].memory_bytes.get().unwrap().0, 4_600_000_000);
        assert_eq!(found[0].running.get(), None, "it does not say");
    }
}
