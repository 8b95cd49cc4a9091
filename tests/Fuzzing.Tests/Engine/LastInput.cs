using System.IO.MemoryMappedFiles;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Fuzzing.Tests.Engine;

/// <summary>
/// Keeps the input that is being read in a mapped file, which is still there when the process has died of it (a stack overflow, a wild
/// read), and ends the process when one input takes longer than anybody waits.
/// </summary>
internal sealed class LastInput : IDisposable
{
    // Generous: the machine may do other things meanwhile.
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(2);

    private readonly string _target;
    private readonly string _path;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly Timer _watchdog;
    private long _reads;
    private long _seen = -1;

    public LastInput(FuzzTarget target)
    {
        _target = target.Name;
        _path = Repository.At("artifacts", "test-results", $"fuzz-{target.Name}.last");
        Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        _file = MemoryMappedFile.CreateFromFile(_path, FileMode.Create, null, sizeof(int) + Mutator.LongestInput);
        _view = _file.CreateViewAccessor();
        _watchdog = new Timer(_ => Look(), null, s_longest, s_longest);
    }

    /// <summary>The next read begins.</summary>
    public void Set(byte[] input)
    {
        _view.Write(0, input.Length);
        _view.WriteArray(sizeof(int), input, 0, Math.Min(input.Length, Mutator.LongestInput));
        Interlocked.Increment(ref _reads);
    }

    public void Dispose()
    {
        _watchdog.Dispose();
        _view.Dispose();
        _file.Dispose();
        File.Delete(_path);
    }

    private void Look()
    {
        var reads = Interlocked.Read(ref _reads);
        if (reads == _seen)
        {
            Environment.FailFast(
                $"{_target}: one input has been read for more than {s_longest}; it is in {_path}, after 4 bytes of length"
            );
        }
        _seen = reads;
    }
}
