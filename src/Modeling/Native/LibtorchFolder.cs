namespace TrainingCluster.Modeling.Native;

/// <summary>A folder with libtorch's libraries, judged by its files before anything of it is loaded.</summary>
internal sealed record LibtorchFolder
{
    /// <summary>The library without which nothing works.</summary>
    public const string Main = "libtorch_cpu.so";
    private const string Hint = "give the torch/lib folder of an installed PyTorch " + LibtorchVersion.Required;

    private static readonly string[] s_order = ["libc10.so", Main, "libtorch_cuda.so", "libtorch.so"];

    private LibtorchFolder(string path, string? version) => (Path, Version) = (path, version);

    /// <summary>Absolute.</summary>
    public string Path { get; }

    /// <summary>What files beside it say, such as "2.10.0+cu128"; null: only the library itself can tell.</summary>
    public string? Version { get; }

    /// <summary>The libraries to load, in this order: each needs those before it.</summary>
    public IReadOnlyList<string> Libraries => [.. s_order.Select(name => System.IO.Path.Combine(Path, name)).Where(File.Exists)];

    /// <summary>Whether it was built with CUDA.</summary>
    public bool HasCuda => File.Exists(System.IO.Path.Combine(Path, "libtorch_cuda.so"));

    /// <summary>The libraries beside the program, as the build lays them.</summary>
    /// <exception cref="LibtorchException">There are none, or they cannot be used.</exception>
    public static LibtorchFolder BesideProgram(string folder) =>
        File.Exists(System.IO.Path.Combine(folder, Main))
            ? Judge(folder, folder)
            : throw new LibtorchException(
                $"{folder}: no {Main} beside the program; "
                    + $"build anew with './cluster build', or {Hint} with --libtorch DIR or {Libtorch.Variable}"
            );

    /// <summary>The libraries of an installed PyTorch.</summary>
    /// <param name="folder">As given.</param>
    /// <param name="origin">The option or variable that names it.</param>
    /// <exception cref="LibtorchException">They cannot be used.</exception>
    public static LibtorchFolder Given(string folder, string origin)
    {
        var named = $"{origin} {folder}";
        if (!Directory.Exists(folder))
        {
            throw new LibtorchException($"{named}: there is no such folder; {Hint}");
        }
        var path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(folder));
        if (File.Exists(System.IO.Path.Combine(path, Main)))
        {
            return Judge(path, named);
        }
        if (LibtorchVersion.Read(path) is { } version && LibtorchVersion.Problem(version) is { } problem)
        {
            throw new LibtorchException($"{named} {problem}");
        }
        var inside = ((string[])["lib", "torch/lib"])
            .Select(below => System.IO.Path.Combine(path, below))
            .FirstOrDefault(below => File.Exists(System.IO.Path.Combine(below, Main)));
        throw new LibtorchException($"{named}: no {Main} in it; {(inside is null ? Hint : $"did you mean {inside}?")}");
    }

    private static LibtorchFolder Judge(string path, string named)
    {
        try
        {
            var folder = new LibtorchFolder(path, LibtorchVersion.Read(path));
            foreach (var library in folder.Libraries)
            {
                if (ElfFile.Problem(library) is { } damage)
                {
                    throw new LibtorchException($"{named}: {System.IO.Path.GetFileName(library)} {damage}; {Hint} for Linux on x86-64");
                }
            }
            if (folder.Version is { } version && LibtorchVersion.Problem(version) is { } problem)
            {
                throw new LibtorchException($"{named} {problem}");
            }
            return folder;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LibtorchException($"{named} cannot be read: {error.Message}", error);
        }
    }
}
