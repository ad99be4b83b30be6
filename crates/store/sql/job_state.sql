-- params: @P1 bigint, @P2 bigint, @P3 varchar(20), @P4 varchar(20), @P5 nvarchar(1000)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1;
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
UPDATE [xmlx].[job]
SET [state] = @P4, [reason] = @P5,
    [finished_at] = CASE WHEN @P4 = 'done' OR @P4 = 'failed' OR @P4 = 'cancelled' THEN SYSUTCDATETIME() ELSE NULL END
WHERE [job_id] = @P2 AND [state] = @P3;
IF @@ROWCOUNT <> 1 THROW 51003, N'conflict', 1;
COMMIT;
