-- Takes at most @P4 of the sessions that may go, see prune_sessions_find.sql. How many are left that ended so long ago.
-- params: @P1 bigint, @P2 varchar(36), @P3 int, @P4 bigint
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[leader] SET [holder] = [holder] WHERE [id] = 1 AND [term] = @P1 AND [holder] = CAST(@P2 AS varchar(36));
IF @@ROWCOUNT <> 1 THROW 51002, N'deposed', 1;
DELETE FROM [xmlx].[worker_session] WHERE [session_id] IN (
    SELECT TOP (@P4) s.[session_id] FROM [xmlx].[worker_session] AS s
    WHERE s.[ended_at] < DATEADD(second, 0 - @P3, SYSUTCDATETIME())
        AND NOT EXISTS (SELECT 1 FROM [xmlx].[job] AS j WHERE j.[created_at] <= s.[ended_at])
    ORDER BY s.[session_id]);
COMMIT;
