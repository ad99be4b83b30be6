-- params: @P1 bigint, @P2 varchar(36), @P3 varchar(20), @P4 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P4 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
UPDATE [xmlx].[worker_session] SET [state] = @P3, [ended_at] = SYSUTCDATETIME() WHERE [session_id] = CAST(@P2 AS varchar(36));
COMMIT;
