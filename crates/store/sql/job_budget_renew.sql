-- What a job has by now does not count against its budget any more.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 bigint, @P5 bigint, @P6 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P6 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
UPDATE [xmlx].[job_budget] SET [decided_before] = @P3, [failed_before] = @P4, [warned_before] = @P5 WHERE [job_id] = @P2;
COMMIT;
