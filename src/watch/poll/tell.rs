//! What is passed on of an answer, or of there being none.

use super::{
    CUT_OFF, Error, Health, Instant, Notice, Origin, Poll, Seconds, Spec, Told, Wants, What, clock,
};
use crate::model::text::SafeText;

/// What the address of `spec` says of the source that it names.
pub(super) fn named(spec: &Spec) -> Option<Origin> {
    let kind = spec.address.kind()?;
    Some(Origin {
        kind,
        address: spec.address.to_string().into(),
        group: spec.group.clone(),
        unverified: spec.insecure,
        ..Origin::default()
    })
}

impl Poll {
    /// Passes an answer on. False when nobody listens, or when the server is asked already.
    pub(super) async fn pass(&mut self, mut told: Vec<Told>, wants: Wants) -> bool {
        if !self.claim(&told).await {
            return false;
        }
        if !self.up().await {
            return false;
        }
        for (from, what) in self.admission.begin(&told) {
            if !self.outlet.of(from).send(what).await {
                return false;
            }
        }
        self.keep_origin(&mut told);
        let skew = self.origin.as_ref().and_then(|origin| origin.skew_seconds);
        for told in told {
            let Some((from, mut what)) = self.admission.admit(told, wants) else { continue };
            clock::correct(&mut what, skew);
            if !self.outlet.of(from).send(what).await {
                return false;
            }
        }
        true
    }

    /// Says why there is no answer, once for each reason. False when nobody listens.
    pub(super) async fn fail(&mut self, error: &Error) -> bool {
        let why = SafeText::from(error.to_string());
        self.retry.fail(Instant::now());
        let since = match &self.health {
            Some(Err((_, before))) if *before == why => return true,
            Some(Err((since, _))) => *since,
            _ => self.outlet.now(),
        };
        tracing::debug!(source = %self.outlet.source(), %why, "does not answer");
        let first = self.health.is_none();
        self.health = Some(Err((since, why.clone())));
        let listens = self.outlet.send(What::Health(Health::Down { since, why })).await;
        if first && listens { self.introduce().await } else { listens }
    }

    /// Says who was to answer, where nobody did from the first question on. False when nobody listens.
    async fn introduce(&mut self) -> bool {
        let interval_seconds = Seconds(self.interval().as_secs_f64());
        let Some(named) = self.named.take() else { return true };
        let origin = Box::new(Origin { interval_seconds, ..named });
        self.outlet.send(What::Origin(origin)).await
    }

    /// Says that the source answers, where that is news.
    async fn up(&mut self) -> bool {
        let again = self.retry.succeed(Instant::now());
        if let Some(Err((since, _))) = &self.health
            && again
            && self.outlet.now().since(*since) >= CUT_OFF
        {
            self.common.gate.heal();
        }
        if matches!(self.health, Some(Ok(()))) {
            return true;
        }
        self.health = Some(Ok(()));
        self.outlet.send(What::Health(Health::Up)).await
    }

    /// Whether this server is this source's alone. One that has two names is told of once, and asked
    /// under the first.
    async fn claim(&mut self, told: &[Told]) -> bool {
        let instance = told.iter().find_map(|told| match (&told.node, &told.what) {
            (None, What::Origin(origin)) => origin.instance.clone(),
            _ => None,
        });
        let Some(instance) = instance else { return true };
        let own = self.outlet.source().clone();
        let Err(other) = self.common.gate.claim(&instance, &own) else { return true };
        let text = format!("{own} is {other} under another name, and is asked as {other} alone");
        self.outlet.send(What::Notice(Notice { bad: true, text: text.into() })).await;
        // It may have been told of already, as one that does not answer.
        self.outlet.send(What::Gone).await;
        false
    }

    /// Completes what is told of the source itself, and tells it again where the interval changed.
    fn keep_origin(&mut self, told: &mut Vec<Told>) {
        let interval = Seconds(self.interval().as_secs_f64());
        let told_origin = told.iter_mut().find_map(|told| match (&told.node, &mut told.what) {
            (None, What::Origin(origin)) => Some(origin),
            _ => None,
        });
        let complete = |origin: &mut Origin, group: &Option<SafeText>| {
            origin.interval_seconds = interval;
            if origin.group.is_none() {
                origin.group.clone_from(group);
            }
        };
        match (told_origin, &mut self.origin) {
            (Some(origin), kept) => {
                complete(origin, &self.group);
                *kept = Some((**origin).clone());
            }
            (None, Some(origin)) if origin.interval_seconds != interval => {
                complete(origin, &self.group);
                told.insert(0, Told::own(What::Origin(Box::new(origin.clone()))));
            }
            (None, _) => {}
        }
    }
}
