//! `token`: tokens in place of certificates.

use std::time::Duration;

use clap::Subcommand;
use xmlx_proto::v1 as pb;
use xmlx_runtime::positive_duration;

use crate::cluster::{self, Cluster, Patience};
use crate::output::{self, Answer, Format};
use crate::view::outcome_name;

/// What `token` does.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token and print it, once
    ///
    /// The database keeps a hash of it alone. Whoever has it may do what its role may, until it expires or is revoked.
    ///
    /// Example: xmlx-client token create scheduler --role operator --valid 90d > /etc/xmlx/token
    Create {
        /// Whose it is, as the record shows it
        name: String,
        /// What its holder may do: `viewer`, `operator` or `approver`
        #[arg(long, default_value = "viewer")]
        role: String,
        /// How long it is valid
        #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = positive_duration)]
        valid: Duration,
    },
    /// List the tokens, without their secrets
    ///
    /// Example: xmlx-client token list
    List,
    /// Revoke a token: it opens nothing from a few seconds later on
    ///
    /// Prints `accepted`, or `already so`.
    ///
    /// Example: xmlx-client token revoke 1f0c77ab
    Revoke {
        /// Its id, as `token list` shows it
        id: String,
    },
}

pub(crate) async fn run(
    cluster: &Cluster,
    format: Format,
    command: Token,
) -> anyhow::Result<Answer> {
    match command {
        Token::Create { name, role, valid } => create(cluster, format, name, role, valid).await,
        Token::List => list(cluster, format).await,
        Token::Revoke { id } => {
            let request = pb::RevokeTokenRequest { token_id: id };
            let revoke =
                async |channel| cluster::access(channel).revoke_token(request.clone()).await;
            let outcome = outcome_name(cluster.call(Patience::SHORT, revoke).await?.outcome());
            let data = serde_json::json!({ "outcome": outcome });
            output::verbatim(&output::rendered(format, &data, |report| report.line(outcome))?)?;
            Ok(Answer::Yes)
        }
    }
}

async fn create(
    cluster: &Cluster,
    format: Format,
    name: String,
    role: String,
    valid: Duration,
) -> anyhow::Result<Answer> {
    let valid_s = u32::try_from(valid.as_secs()).unwrap_or(u32::MAX);
    let request = pb::CreateTokenRequest { name, role, valid_s };
    let create = async |channel| cluster::access(channel).create_token(request.clone()).await;
    let made = cluster.call(Patience::SHORT, create).await?;
    output::note(&format!(
        "this is token {}; it is shown this once, so keep it in a file that only its user can read",
        made.token_id
    ));
    let data = serde_json::json!({ "token_id": made.token_id, "token": made.token });
    output::verbatim(&output::rendered(format, &data, |report| report.line(&made.token))?)?;
    Ok(Answer::Yes)
}

async fn list(cluster: &Cluster, format: Format) -> anyhow::Result<Answer> {
    let list = async |channel| cluster::access(channel).list_tokens(pb::ListTokensRequest {}).await;
    let tokens = cluster.call(Patience::SHORT, list).await?.tokens;
    let state = |token: &pb::Token| match token {
        pb::Token { is_valid: true, .. } => "valid",
        pb::Token { revoked_at, .. } if revoked_at.is_empty() => "expired",
        pb::Token { .. } => "revoked",
    };
    let json = |token: &pb::Token| {
        serde_json::json!({
            "id": token.token_id, "name": token.name, "role": token.role, "state": state(token),
            "created_by": token.created_by, "created_at": token.created_at, "expires_at": token.expires_at,
        })
    };
    let data: Vec<serde_json::Value> = tokens.iter().map(json).collect();
    let row = |token: &pb::Token| {
        let pb::Token { token_id, name, role, created_by, expires_at, .. } = token.clone();
        vec![token_id, name, role, state(token).to_owned(), expires_at, created_by]
    };
    let rendered = output::rendered(format, &data, |report| {
        let header = ["ID", "NAME", "ROLE", "STATE", "EXPIRES", "CREATED BY"];
        report.table(&header, tokens.iter().map(row).collect());
    })?;
    output::verbatim(&rendered)?;
    Ok(Answer::Yes)
}
