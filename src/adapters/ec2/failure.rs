//! Why a call gave nothing, in the model's words and in a sentence for people.

use std::{
    error::Error,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{FinalizerInterceptorContextRef, InterceptorContext},
        retry::{ClassifyRetry, RetryAction},
    },
    error::{ErrorMetadata, ProvideErrorMetadata, SdkError},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::dyn_dispatch_hint, orchestrator::OrchestratorError, result::ConnectorError,
        retries::classifiers::RetryClassifierPriority,
    },
};

use crate::model::known::Reason;

/// What the SDK's error means, after its retries.
pub(super) fn reason<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E>) -> Reason {
    match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            answered(answer.err(), Some(status))
        }
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(error) => dispatch(error),
            None => Reason::Unreachable { message: sentence(error) },
        },
        SdkError::TimeoutError(_) => Reason::TimedOut,
        SdkError::ResponseError(answer) => Reason::Failed {
            message: format!("HTTP {}, and the answer broke off", answer.raw().status().as_u16()),
        },
        other => Reason::Failed { message: sentence(other) },
    }
}

/// An answer that is an error, by its code.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>
fn answered(error: &impl ProvideErrorMetadata, status: Option<u16>) -> Reason {
    let message = error.message().map(first_sentence).unwrap_or_default();
    let Some(code) = error.code() else {
        let status = status.map_or_else(String::new, |status| format!("HTTP {status}, and "));
        return Reason::Failed { message: format!("{status}the answer is not one of the EC2 API") };
    };
    let code = code.to_owned();
    if is_throttling(&code) {
        Reason::Throttled { code }
    } else if is_denial(&code) || matches!(status, Some(401 | 403)) {
        Reason::Denied { code, message }
    } else {
        Reason::Failed { message: format!("{code}: {message}") }
    }
}

fn is_throttling(code: &str) -> bool {
    code.contains("Throttl")
        || matches!(
            code,
            "BandwidthLimitExceeded" | "RequestLimitExceeded" | "SlowDown" | "TooManyRequestsException"
        )
}

fn is_denial(code: &str) -> bool {
    code.starts_with("AccessDenied")
        || code.starts_with("ExpiredToken")
        || matches!(
            code,
            "AuthFailure"
                | "Blocked"
                | "IncompleteSignature"
                | "InvalidClientTokenId"
                | "MissingAuthenticationToken"
                | "OptInRequired"
                | "PendingVerification"
                | "RequestExpired"
                | "SignatureDoesNotMatch"
                | "UnauthorizedOperation"
                | "UnrecognizedClientException"
        )
}

/// EC2 appends an encoded policy decision of a thousand letters to its refusals.
fn first_sentence(message: &str) -> String {
    let message = message.split("Encoded authorization failure message").next().unwrap_or(message);
    clip(message.trim())
}

/// A request that got no answer.
fn dispatch(error: &ConnectorError) -> Reason {
    if let Some(error) = find::<CredentialsError>(error) {
        return Reason::Denied { code: "CredentialsNotLoaded".to_owned(), message: sentence(error) };
    }
    // Waiting for an answer is a timeout of ours; waiting for a connection says that nobody is there.
    if error.is_timeout() && !says(error, "connect timeout") {
        return Reason::TimedOut;
    }
    Reason::Unreachable { message: connection(error) }
}

fn connection(error: &ConnectorError) -> String {
    if says(error, "connect timeout") {
        return "no connection was made in time".to_owned();
    }
    if is_unresolved(error) {
        return "its name does not resolve".to_owned();
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => "the connection was refused".to_owned(),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe) => {
            "the connection was cut".to_owned()
        }
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
            "there is no route to it".to_owned()
        }
        _ => innermost(error),
    }
}

/// What a service answered, or else the causes of an error, outermost first, each said once.
pub(super) fn sentence(error: &(dyn Error + 'static)) -> String {
    if let Some(answer) = find::<ErrorMetadata>(error).filter(|answer| answer.code().is_some()) {
        let said = [answer.code(), answer.message()];
        return clip(&said.into_iter().flatten().collect::<Vec<_>>().join(": "));
    }
    let mut said: Vec<String> = Vec::new();
    for cause in causes(error) {
        let text = cause.to_string();
        if !said.iter().any(|known| known.contains(&text)) {
            said.push(text);
        }
    }
    clip(&said.join(": "))
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    clip(&causes(error).last().map(ToString::to_string).unwrap_or_default())
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        error.source()
    })
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn says(error: &(dyn Error + 'static), words: &str) -> bool {
    causes(error).any(|cause| cause.to_string().contains(words))
}

/// Enough for a line of a report.
fn clip(text: &str) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Forbids to try again where nobody listens, or somebody we do not trust: a refused connection is an
/// answer, and so are a name that does not exist and a foreign certificate. Waiting for a better one would cost a person seconds, and the next refresh asks again.
#[derive(Debug)]
pub(super) struct NobodyThere;

impl ClassifyRetry for NobodyThere {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let error =
            context.output_or_error().and_then(Result::err).and_then(OrchestratorError::as_connector_error);
        match error {
            Some(error) if nobody_there(error) => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "NobodyThere"
    }

    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

fn nobody_there(error: &ConnectorError) -> bool {
    let kind = find::<io::Error>(error).map(io::Error::kind);
    says(error, "connect timeout")
        || says(error, "invalid peer certificate")
        || is_unresolved(error)
        || matches!(
            kind,
            Some(
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::NetworkUnreachable
                    | io::ErrorKind::HostUnreachable
            )
        )
}

fn is_unresolved(error: &ConnectorError) -> bool {
    says(error, "dns error") || says(error, "failed to lookup address")
}

/// Remembers why the latest attempt of a call failed. When the deadline falls into a wait between two
/// attempts, this is the truer answer than "no answer in time".
pub(super) struct Watch<E> {
    latest: Arc<Mutex<Option<Reason>>>,
    error: std::marker::PhantomData<fn() -> E>,
}

impl<E> Watch<E> {
    pub(super) fn new() -> Self {
        Self { latest: Arc::default(), error: std::marker::PhantomData }
    }

    /// Why there was no answer when the deadline passed.
    pub(super) fn at_deadline(&self) -> Reason {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or(Reason::TimedOut)
    }
}

#[dyn_dispatch_hint]
impl<E: ProvideErrorMetadata + Error + Send + Sync + 'static> Intercept for Watch<E> {
    fn name(&self) -> &'static str {
        "Watch"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let reason = match context.output_or_error() {
            Some(Err(error)) => attempt::<E>(error),
            _ => None,
        };
        *self.latest.lock().unwrap_or_else(PoisonError::into_inner) = reason;
        Ok(())
    }
}

fn attempt<E: ProvideErrorMetadata + Error + Send + Sync + 'static>(
    error: &OrchestratorError<aws_smithy_runtime_api::client::interceptors::context::Error>,
) -> Option<Reason> {
    if let Some(error) = error.as_connector_error() {
        return Some(dispatch(error));
    }
    if error.is_response_error() {
        return Some(Reason::Failed { message: "the answer broke off".to_owned() });
    }
    error.as_operation_error()?.downcast_ref::<E>().map(|error| answered(error, None))
}

impl<E> Clone for Watch<E> {
    fn clone(&self) -> Self {
        Self { latest: Arc::clone(&self.latest), error: self.error }
    }
}

impl<E> std::fmt::Debug for Watch<E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}
