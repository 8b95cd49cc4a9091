using TrainingCluster.Files;

namespace TrainingCluster.Coordinator.Files;

/// <summary>Where the coordinator keeps what.</summary>
/// <param name="root">The folder of --data.</param>
public sealed class DataFolder(string root)
{
    /// <summary>The folder itself, as a full path.</summary>
    public string Root { get; } = Path.GetFullPath(root);

    /// <summary>The job store.</summary>
    public string Database => Path.Combine(Root, "jobs.db");

    /// <summary>Datasets, each in a folder named by its fingerprint.</summary>
    public string Datasets => Path.Combine(Root, "datasets");

    /// <summary>One folder a job.</summary>
    public string Jobs => Path.Combine(Root, "jobs");

    /// <summary>All files of a job.</summary>
    public string Job(string jobId) => Path.Combine(Jobs, jobId);

    /// <summary>Checkpoints of a job, each in a folder named by its step.</summary>
    public string Checkpoints(string jobId) => Path.Combine(Job(jobId), "checkpoints");

    /// <summary>The model that a job left.</summary>
    public string Model(string jobId) => Path.Combine(Job(jobId), "model");

    /// <summary>Checkpoints and models under way, of all jobs: a start empties it and looks into no job's folder.</summary>
    public string Uploads => Path.Combine(Jobs, ".uploads");

    /// <summary>Makes the folder and removes what a crash left of unfinished uploads.</summary>
    /// <exception cref="InvalidDataException">It cannot be written to.</exception>
    public void Prepare()
    {
        try
        {
            Directory.CreateDirectory(Datasets);
            Directory.CreateDirectory(Uploads);
            FolderReceiver.RemoveLeftovers(Datasets);
            FolderReceiver.RemoveLeftovers(Uploads);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new InvalidDataException($"--data {Root} cannot be used: {e.Message} Choose a folder that this user may write to.", e);
        }
    }
}
