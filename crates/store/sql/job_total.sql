-- What was counted counts for the scope that it was counted in, and at the end what was decided.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 bigint, @P5 bigint, @P6 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P6 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
UPDATE [xmlx].[job] SET [total] = @P3 WHERE [job_id] = @P2 AND [scope_lo] = @P4 AND [scope_hi] = @P5 AND [finished_at] IS NULL;
COMMIT;
