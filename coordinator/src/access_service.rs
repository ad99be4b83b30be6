//! `AccessService`: tokens and the record.

use tonic::{Request, Response, Status};
use xmlx_domain::{AccessRole, Outcome};
use xmlx_proto::v1::access_service_server::AccessService;
use xmlx_proto::{ErrorCode, Refusal, v1 as pb};
use xmlx_runtime::name_problem;
use xmlx_store::{AuditRow, Error, NewToken, Store, token_hash};

use crate::access::Caller;
use crate::convert;

/// Entries of one page.
const PAGE_MAX: u32 = 1000;
/// The room for a token's name.
const NAME_UNITS_MAX: usize = 64;
/// A token that is valid for longer is forgotten somewhere.
const VALID_MAX_S: u32 = 366 * 24 * 3600;
/// What tokens begin with, so that they are found where they should not stand.
const PREFIX: &str = "xmlx_";

#[derive(Debug)]
pub(crate) struct AccessApi {
    store: Store,
}

impl AccessApi {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    async fn with_tables(&self) -> Result<(), Refusal> {
        let asking = async { self.store.has_record().await.map_err(|err| convert::refusal(&err)) };
        if convert::in_time(asking).await? {
            return Ok(());
        }
        let message = "the control tables are older than this build and have no room for tokens: run `xmlx-client init`";
        Err(Refusal::new(ErrorCode::NotPossible, message))
    }
}

#[tonic::async_trait]
impl AccessService for AccessApi {
    async fn list_audit(
        &self,
        request: Request<pb::ListAuditRequest>,
    ) -> Result<Response<pb::ListAuditResponse>, Status> {
        let request = request.into_inner();
        self.with_tables().await?;
        let size = match request.page_size {
            0 => PAGE_MAX,
            n => n.min(PAGE_MAX),
        };
        let seconds = i32::try_from(request.since_s).unwrap_or(i32::MAX);
        let asking = async {
            // The end first: what is written meanwhile lies behind it.
            let head = self.store.audit_head().await?;
            let rows = self.store.audit_page(request.after, i64::from(size), seconds).await?;
            Ok::<_, Error>((head, rows))
        };
        let asking = async { asking.await.map_err(|err| convert::refusal(&err)) };
        let (head, rows) = convert::in_time(Box::pin(asking)).await?;
        Ok(Response::new(pb::ListAuditResponse {
            entries: rows.into_iter().map(entry).collect(),
            head_entry: head.entry,
            head_hash: head.hash,
        }))
    }

    async fn create_token(
        &self,
        request: Request<pb::CreateTokenRequest>,
    ) -> Result<Response<pb::CreateTokenResponse>, Status> {
        let caller = Caller::of(&request);
        let request = request.into_inner();
        let invalid = |message: String| Refusal::new(ErrorCode::Invalid, message);
        self.with_tables().await?;
        if let Some(problem) = name_problem(&request.name, NAME_UNITS_MAX) {
            return Err(invalid(format!("the token's name {problem}")).into());
        }
        let role = AccessRole::OF_CLIENTS.into_iter().find(|role| role.as_str() == request.role);
        let role = role.ok_or_else(|| {
            invalid(format!(
                "`{}`: a token's role is `viewer`, `operator` or `approver`",
                request.role
            ))
        })?;
        if request.valid_s == 0 || request.valid_s > VALID_MAX_S {
            return Err(invalid("a token is valid for 1 s to 366 days".to_owned()).into());
        }
        // Two UUIDs of chance have 244 bits of it.
        let random = || uuid::Uuid::new_v4().simple().to_string();
        let token_id = random()[..8].to_owned();
        let token = format!("{PREFIX}{token_id}_{}{}", random(), random());
        let mut record = caller.record("AccessService/CreateToken", format!("token {token_id}"));
        record.parameters = serde_json::json!({
            "name": request.name, "role": role.as_str(), "valid_s": request.valid_s,
        })
        .to_string();
        let new = NewToken {
            token_id: token_id.clone(),
            name: request.name,
            role,
            hash: token_hash(&token),
            created_by: caller.name,
            seconds: i32::try_from(request.valid_s).unwrap_or(i32::MAX),
        };
        let made = self.store.insert_token(&new, &record).await;
        made.map_err(|err| convert::refusal(&err))?;
        Ok(Response::new(pb::CreateTokenResponse { token_id, token }))
    }

    async fn list_tokens(
        &self,
        _request: Request<pb::ListTokensRequest>,
    ) -> Result<Response<pb::ListTokensResponse>, Status> {
        let asking = async { self.store.tokens().await.map_err(|err| convert::refusal(&err)) };
        let tokens = convert::in_time(asking).await?;
        let token = |row: xmlx_store::TokenRow| pb::Token {
            token_id: row.token_id,
            name: row.name,
            role: row.role.as_str().to_owned(),
            created_by: row.created_by,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revoked_at: row.revoked_at,
            is_valid: row.is_valid,
        };
        let tokens = tokens.into_iter().map(token).collect();
        Ok(Response::new(pb::ListTokensResponse { tokens }))
    }

    async fn revoke_token(
        &self,
        request: Request<pb::RevokeTokenRequest>,
    ) -> Result<Response<pb::RevokeTokenResponse>, Status> {
        let caller = Caller::of(&request);
        let token_id = request.into_inner().token_id;
        self.with_tables().await?;
        let record = caller.record("AccessService/RevokeToken", format!("token {token_id}"));
        let outcome = match self.store.revoke_token(&token_id, &record).await {
            Ok(()) => Outcome::Accepted,
            Err(Error::Conflict) => {
                let all = self.store.tokens().await.map_err(|err| convert::refusal(&err))?;
                if !all.iter().any(|row| row.token_id == token_id) {
                    let message = format!(
                        "there is no token `{token_id}`; `xmlx-client token list` shows them"
                    );
                    return Err(Refusal::new(ErrorCode::NotFound, message).into());
                }
                Outcome::AlreadySo
            }
            Err(err) => return Err(convert::refusal(&err).into()),
        };
        Ok(Response::new(pb::RevokeTokenResponse { outcome: pb::Outcome::from(outcome).into() }))
    }
}

fn entry(row: AuditRow) -> pb::AuditEntry {
    let is_sound = row.is_sound();
    let AuditRow { entry, at, record, previous, hash } = row;
    pb::AuditEntry {
        entry,
        at,
        who: record.who,
        address: record.address,
        method: record.method,
        subject: record.subject,
        contract_hash: record.contract_hash,
        parameters: record.parameters,
        outcome: record.outcome,
        previous,
        hash,
        is_sound,
    }
}
