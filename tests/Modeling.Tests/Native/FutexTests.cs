using System.Runtime.InteropServices;
using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Modeling.Tests.Native;

public sealed class FutexTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(1);

    [Fact]
    public void Wait_AnotherNumber_ReturnsAtOnce()
    {
        using var memory = MappedMemory.Anonymous(1);
        Futex.Wait(ref Number(memory), 1, 1, s_long);
    }

    [Fact]
    public void Wait_NobodyWakes_ReturnsWhenTheTimeIsOver()
    {
        using var memory = MappedMemory.Anonymous(1);
        var before = Environment.TickCount64;
        // It may also return without a reason, but not again and again.
        for (var i = 0; i < 10; i++)
        {
            Futex.Wait(ref Number(memory), 0, 1, TimeSpan.FromMilliseconds(20));
        }
        Assert.True(Environment.TickCount64 - before >= 100);
    }

    /// <summary>The two sides see the number at different addresses, as two processes do.</summary>
    [Fact]
    public async Task Wake_OneGroupOfTwo_EndsItsWaitAlone()
    {
        using var file = MemoryFile.Create(sizeof(int));
        using var memory = file.Map();
        using var woken = new SemaphoreSlim(0);
        var ended = new bool[2];
        var waits = Enumerable
            .Range(0, 2)
            .Select(group => Task.Factory.StartNew(() => Wait(group), TaskCreationOptions.LongRunning))
            .ToList();
        using (var other = MemoryFile.Open(Environment.ProcessId, file.Descriptor, file.Bytes, writable: true))
        using (var theirs = other.Map())
        {
            // Until the first has gone to sleep, a wake finds nobody.
            while (!woken.Wait(TimeSpan.FromMilliseconds(10), TestContext.Current.CancellationToken))
            {
                Futex.Wake(ref Number(theirs), 1);
            }
            Assert.Equal((true, false), (Volatile.Read(ref ended[0]), Volatile.Read(ref ended[1])));
            Interlocked.Increment(ref Number(theirs));
            while (!waits[1].IsCompleted)
            {
                Futex.Wake(ref Number(theirs), 2);
                Thread.Yield();
            }
        }
        await Task.WhenAll(waits);

        void Wait(int group)
        {
            do
            {
                Futex.Wait(ref Number(memory), 0, 1u << group, s_long);
            } while (group == 1 && Volatile.Read(ref Number(memory)) == 0);
            Volatile.Write(ref ended[group], true);
            woken.Release();
        }
    }

    private static ref int Number(MappedMemory memory) => ref MemoryMarshal.Cast<float, int>(memory.GetSpan())[0];
}
