-- A `follow` job that was not told where to begin takes what comes below its scope, too. Noted before the job itself: an
-- id whose job was never inserted is used by the next one.
-- params: @P1 bigint, @P2 bigint, @P3 int, @P4 varchar(36)
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P4 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
UPDATE [xmlx].[job_follow] SET [grows_down] = @P3 WHERE [job_id] = @P2;
IF @@ROWCOUNT = 0
INSERT INTO [xmlx].[job_follow] ([job_id], [grows_down]) VALUES (@P2, @P3);
COMMIT;
