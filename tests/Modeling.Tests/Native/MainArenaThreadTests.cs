using TrainingCluster.Modeling.Native;

namespace TrainingCluster.Modeling.Tests.Native;

public sealed class MainArenaThreadTests
{
    [Fact]
    public async Task RunAsync_EveryTime_RunsInTheMainArena()
    {
        for (var i = 0; i < 20; i++)
        {
            Assert.True(await MainArenaThread.RunAsync(Malloc.IsInMainArena));
        }
    }

    [Fact]
    public async Task RunAsync_WorkThrows_TheTaskFails() =>
        await Assert.ThrowsAsync<InvalidDataException>(() =>
            MainArenaThread.RunAsync<int>(() => throw new InvalidDataException("as thrown"))
        );

    [Fact]
    public async Task RunAsync_WorkIsCancelled_TheTaskIsCancelled() =>
        await Assert.ThrowsAsync<TaskCanceledException>(() => MainArenaThread.RunAsync<int>(() => throw new OperationCanceledException()));
}
