namespace TrainingCluster.Modeling.Tests.Native;

/// <summary>A folder torch/lib with files that only look like libraries; removed at the end.</summary>
internal sealed class MadeUpLibtorch : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("libtorch-").FullName;

    public MadeUpLibtorch() => Directory.CreateDirectory(Lib);

    public string Torch => Path.Combine(_root, "torch");

    public string Lib => Path.Combine(Torch, "lib");

    /// <summary>The header of a library for a machine, and nothing after it.</summary>
    public MadeUpLibtorch Library(string name, byte machine = 62, byte bits = 2, int sections = 0)
    {
        var header = new byte[64];
        byte[] start = [0x7f, (byte)'E', (byte)'L', (byte)'F', bits, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, machine, 0];
        start.CopyTo(header, 0);
        // The table of sections: begins after the header, entries of 64 bytes.
        (header[40], header[58], header[60]) = ((byte)(sections > 0 ? 64 : 0), 64, (byte)sections);
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
