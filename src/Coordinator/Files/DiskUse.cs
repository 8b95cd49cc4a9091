namespace TrainingCluster.Coordinator.Files;

/// <summary>A disk, in bytes.</summary>
/// <param name="Size">All of it.</param>
/// <param name="Used">What is not free for us.</param>
public sealed record DiskUse(long Size, long Used)
{
    /// <summary>What is left.</summary>
    public long Free => Size - Used;

    /// <summary>The disk of a folder; null: it cannot be asked.</summary>
    public static DiskUse? Of(string folder)
    {
        try
        {
            var drive = new DriveInfo(folder);
            return new(drive.TotalSize, drive.TotalSize - drive.AvailableFreeSpace);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}
