-- Takes an expired leadership under the next term; no row comes back where somebody else leads.
-- params: @P1 varchar(36), @P2 nvarchar(400), @P3 int
UPDATE [xmlx].[leader]
SET [term] = [term] + 1, [holder] = @P1, [address] = @P2, [expires_at] = DATEADD(millisecond, @P3, SYSUTCDATETIME())
OUTPUT inserted.[term]
WHERE [id] = 1 AND [expires_at] <= SYSUTCDATETIME();
