namespace TrainingCluster.Modeling.Native;

/// <summary>
/// Loads libtorch: the one beside the program, or an installed PyTorch's. TorchSharp takes what is loaded already, and has no setting
/// for a place; so <see cref="Load"/> must come before anything of TorchSharp is touched.
/// </summary>
public static class Libtorch
{
    /// <summary>The environment variable that names the folder of an installed PyTorch's libraries.</summary>
    public const string Variable = "CLUSTER_LIBTORCH";

    private const string Bridge = "libLibTorchSharp.so";
    private static readonly Lock s_gate = new();
    private static LibtorchFolder? s_loaded;

    /// <summary>The folder that libtorch was loaded from; null: it has not been.</summary>
    public static string? LoadedFrom => s_loaded?.Path;

    /// <summary>How the loaded libtorch was built; null: it has not been loaded.</summary>
    public static LibtorchBuild? Build { get; private set; }

    /// <summary>Whether the loaded libtorch was built with CUDA.</summary>
    public static bool HasCuda => s_loaded is { HasCuda: true };

    /// <summary>Judges the folder by its files, without loading anything: cheap, for programs that only start others.</summary>
    /// <param name="folder">What <c>--libtorch</c> says; null: the variable, or else beside the program.</param>
    /// <exception cref="LibtorchException">It cannot be used.</exception>
    public static void Check(string? folder) => Find(folder);

    /// <summary>
    /// 1. finds the folder and judges its files; 2. sees that the system can hold it; 3. loads libtorch; 4. asks it for its version;
    /// 5. loads TorchSharp's bridge, which must find every function that it calls; 6. gives tensors memory of their own.
    /// </summary>
    /// <remarks>The first call counts: a process has one libtorch.</remarks>
    /// <param name="folder">What <c>--libtorch</c> says; null: the variable, or else beside the program.</param>
    /// <exception cref="LibtorchException">It cannot be used; the message says which library, why, and what helps.</exception>
    public static void Load(string? folder)
    {
        lock (s_gate)
        {
            // 1.
            var found = Find(folder);
            if (s_loaded is { } loaded)
            {
                if (loaded.Path != found.Path)
                {
                    throw new LibtorchException($"{found.Path}: this process has loaded libtorch from {loaded.Path} already");
                }
                return;
            }
            var bridge = Path.Combine(AppContext.BaseDirectory, Bridge);
            if (!File.Exists(bridge))
            {
                throw new LibtorchException($"{bridge} is missing; build or publish the program anew");
            }
            if (ElfFile.Problem(bridge) is { } damage)
            {
                throw new LibtorchException($"{bridge} {damage}; build or publish the program anew");
            }
            // 2.
            var glibc =
                DynamicLinker.GlibcVersion
                ?? throw new LibtorchException(
                    $"{found.Path}: libtorch needs glibc, and this system has another C library; use a system with glibc"
                );
            if (AddressSpace.Problem(AddressSpace.LimitBytes, AddressSpace.TakenBytes, found.Libraries.Sum(Length)) is { } problem)
            {
                throw new LibtorchException($"{found.Path}: {problem}");
            }
            // 3.
            nint main = 0;
            foreach (var library in found.Libraries)
            {
                var handle = Open(library, glibc, allSymbols: false);
                if (Path.GetFileName(library) == LibtorchFolder.Main)
                {
                    main = handle;
                }
            }
            // 4.
            var build =
                LibtorchBuild.Read(main)
                ?? throw new LibtorchException(
                    $"{found.Path}: this libtorch has not the C++11 ABI; give the torch/lib of PyTorch {LibtorchVersion.Required}"
                );
            if (LibtorchVersion.Problem(build.Version) is { } other)
            {
                throw new LibtorchException($"{found.Path} {other}");
            }
            // 5.
            Open(bridge, glibc, allSymbols: true);
            // 6.
            TensorMemory.Install(found.Path);
            (s_loaded, Build) = (found, build);
        }
    }

    private static LibtorchFolder Find(string? folder)
    {
        if (folder is not null)
        {
            return LibtorchFolder.Given(folder, "--libtorch");
        }
        return Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named
            ? LibtorchFolder.Given(named, Variable)
            : LibtorchFolder.BesideProgram(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
    }

    private static nint Open(string library, string glibc, bool allSymbols) =>
        DynamicLinker.Load(library, allSymbols, out var handle) is { } complaint
            ? throw new LibtorchException(LoadFailure.Explain(library, complaint, glibc))
            : handle;

    private static long Length(string path)
    {
        using var file = File.OpenHandle(path);
        return RandomAccess.GetLength(file);
    }
}
