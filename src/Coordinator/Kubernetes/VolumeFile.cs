using TrainingCluster.Modeling.Data;

namespace TrainingCluster.Coordinator.Kubernetes;

/// <summary>Files of a volume that an object names: they stay inside it, whatever a path or a link in it says.</summary>
internal static class VolumeFile
{
    /// <summary>As many links as Linux follows for one path.</summary>
    private const int MostLinks = 40;

    /// <summary>The file at a path in a volume; no part of the path that is returned is a link.</summary>
    /// <exception cref="DatasetException">There is none, or it lies outside.</exception>
    public static string Find(string volume, string path)
    {
        ArgumentNullException.ThrowIfNull(volume);
        ArgumentNullException.ThrowIfNull(path);
        if (path.Split('/').Any(part => part is "" or "." or ".."))
        {
            throw new DatasetException($"{path} is no path in the volume: give plain names with / between them");
        }
        // The volume itself may be reached by a link: that is the business of who mounted it.
        var root = Resolved(volume, volume, path);
        var file = Resolved(Path.Combine(root, path), volume, path);
        if (!file.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new DatasetException($"{path} is a link that leads out of the volume");
        }
        return File.Exists(file) ? file : throw new DatasetException($"{path} in the volume {Path.GetFileName(volume)} is no file");
    }

    /// <summary>
    /// The path with every link in it followed, part by part, as the kernel does: a link may lead through another one, which a look at the
    /// last part alone would not see.
    /// </summary>
    private static string Resolved(string path, string volume, string named)
    {
        var left = new Stack<string>(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse());
        var (at, links) = ("/", 0);
        while (left.TryPop(out var part))
        {
            if (part is "." or "..")
            {
                at = part == "." ? at : Path.GetDirectoryName(at) ?? "/";
                continue;
            }
            var next = Path.Combine(at, part);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                at = Path.Exists(next) ? next : throw new DatasetException($"{named} is missing in the volume {Path.GetFileName(volume)}");
                continue;
            }
            if (++links > MostLinks)
            {
                throw new DatasetException($"{named} in the volume {Path.GetFileName(volume)} is a link that leads round in a circle");
            }
            at = target.StartsWith('/') ? "/" : at;
            foreach (var step in target.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            {
                left.Push(step);
            }
        }
        return at;
    }
}
