-- Says more of why a job is paused, unless it has moved on or somebody said something else since.
-- params: @P1 bigint, @P2 bigint, @P3 nvarchar(1000), @P4 nvarchar(1000), @P5 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P5 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
UPDATE [xmlx].[job] SET [reason] = @P4 WHERE [job_id] = @P2 AND [state] = 'paused' AND [reason] = @P3;
COMMIT;
