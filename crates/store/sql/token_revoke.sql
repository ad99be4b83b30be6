-- params: @P1 varchar(20)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[token] SET [revoked_at] = SYSUTCDATETIME() WHERE [token_id] = CAST(@P1 AS varchar(20)) AND [revoked_at] IS NULL;
IF @@ROWCOUNT <> 1 THROW 51003, N'conflict', 1;
COMMIT;
