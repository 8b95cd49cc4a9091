using TrainingCluster.Checkpoints;
using TrainingCluster.Worker.State;

namespace TrainingCluster.Worker.Checkpoints;

/// <summary>
/// A checkpoint's file: <c>state.safetensors</c>, a <see cref="StateDict"/>. Its checksum is in the manifest that the coordinator
/// writes beside it.
/// </summary>
internal static class CheckpointFiles
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Writes one of several equal parts of a checkpoint; put together in order they are the whole file, to the byte.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="state">The state.</param>
    /// <param name="part">Which part, from 0.</param>
    /// <param name="parts">How many there are; 1: this is the whole.</param>
    public static void Write(string folder, StateDict state, int part = 0, int parts = 1)
    {
        using var file = new FileStream(
            Path.Combine(folder, CheckpointManifest.StateFile),
            FileMode.Create,
            FileAccess.Write,
            FileShare.None,
            1 << 16
        );
        state.Write(file, state.Length * part / parts, state.Length * (part + 1) / parts);
    }

    /// <summary>Reads a whole checkpoint into a state, which is unusable after a failure.</summary>
    /// <exception cref="InvalidDataException">A file is missing, damaged, or of another model.</exception>
    public static void Read(string folder, TrainingState state)
    {
        var path = Path.Combine(folder, CheckpointManifest.StateFile);
        if (!File.Exists(path))
        {
            throw new InvalidDataException($"The checkpoint has no {CheckpointManifest.StateFile}.");
        }
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        using var reader = new StateDictReader(state);
        var buffer = new byte[BufferBytes];
        for (int read; (read = file.Read(buffer)) > 0; )
        {
            reader.Append(buffer.AsSpan(0, read));
        }
        reader.Complete();
    }
}
