-- The owner's own last word on a range, under its epoch: no coordinator has to be alive.
-- params: @P1 bigint, @P2 bigint, @P3 bigint, @P4 varchar(36), @P5 bigint, @P6 bigint
SET XACT_ABORT ON;
SET LOCK_TIMEOUT 5000;
BEGIN TRAN;
UPDATE [xmlx].[range] SET [state] = 'done', [committed_through] = [hi] - 1
WHERE [job_id] = @P1 AND [range_id] = @P2 AND [epoch] = @P3 AND [owner_session] = CAST(@P4 AS varchar(36)) AND [state] = 'leased' AND [hi] = @P5 AND [committed_through] = @P6;
IF @@ROWCOUNT <> 1 THROW 51001, N'fenced', 1;
INSERT INTO [xmlx].[range_history] ([job_id], [range_id], [event], [lo], [hi], [epoch], [term], [session_id], [committed_through])
SELECT [job_id], [range_id], 'completed', [lo], [hi], [epoch], 0, [owner_session], [committed_through]
FROM [xmlx].[range] WHERE [job_id] = @P1 AND [range_id] = @P2;
COMMIT;
