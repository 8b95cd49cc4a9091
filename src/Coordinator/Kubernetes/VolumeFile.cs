using TrainingCluster.Modeling.Data;

namespace TrainingCluster.Coordinator.Kubernetes;

/// <summary>Files of a volume that an object names: they stay inside it, whatever a path or a link in it says.</summary>
internal static class VolumeFile
{
    /// <summary>The file at a path in a volume.</summary>
    /// <exception cref="DatasetException">There is none, or it lies outside.</exception>
    public static string Find(string volume, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var at = volume;
        foreach (var part in path.Split('/'))
        {
            if (part is "" or "." or "..")
            {
                throw new DatasetException($"{path} is no path in the volume: give plain names with / between them");
            }
            at = Followed(volume, Path.Combine(at, part), path);
        }
        return File.Exists(at) ? at : throw new DatasetException($"{path} in the volume {Path.GetFileName(volume)} is no file");
    }

    private static string Followed(string volume, string at, string path)
    {
        if (!Path.Exists(at))
        {
            throw new DatasetException($"{path} is missing in the volume {Path.GetFileName(volume)}");
        }
        var target = new FileInfo(at).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? at;
        return target.StartsWith(volume + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? target
            : throw new DatasetException($"{path} is a link that leads out of the volume");
    }
}
