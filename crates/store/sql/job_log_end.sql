-- Nothing is committed for the job any more: later rows of the log are not its own. Who looked first was right: rows of
-- a later job may have come since.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P4 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
UPDATE [xmlx].[job] SET [log_end] = @P3 WHERE [job_id] = @P2 AND [log_end] IS NULL;
DELETE FROM [xmlx].[suspect] WHERE [job_id] = @P2;
COMMIT;
