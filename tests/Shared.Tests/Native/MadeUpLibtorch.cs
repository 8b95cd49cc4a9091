namespace TrainingCluster.Native.Tests;

/// <summary>A folder torch/lib with files that only look like libraries; removed at the end.</summary>
internal sealed class MadeUpLibtorch : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("libtorch-").FullName;

    public MadeUpLibtorch() => Directory.CreateDirectory(Lib);

    public string Torch => Path.Combine(_root, "torch");

    public string Lib => Path.Combine(Torch, "lib");

    /// <summary>The first 20 bytes of a library for a machine, and nothing after them.</summary>
    public MadeUpLibtorch Library(string name, byte machine = 62, byte bits = 2)
    {
        byte[] header = [0x7f, (byte)'E', (byte)'L', (byte)'F', bits, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, machine, 0];
        File.WriteAllBytes(Path.Combine(Lib, name), header);
        return this;
    }

    public MadeUpLibtorch Text(string name, string text)
    {
        File.WriteAllText(Path.Combine(_root, name), text);
        return this;
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
