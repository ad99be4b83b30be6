-- params: @P1 bigint, @P2 bigint, @P3 bigint
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1;
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
UPDATE [xmlx].[job] SET [total] = @P3 WHERE [job_id] = @P2;
COMMIT;
