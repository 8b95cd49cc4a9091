using System.Diagnostics;
using TrainingCluster.Hosting;

namespace TrainingCluster.Tests.Hosting;

public class ParentWatchTests
{
    [Fact]
    public async Task Gone_ProcessEndsWhileItIsWatched_Completes()
    {
        using var parent = Process.Start(new ProcessStartInfo("cat") { RedirectStandardInput = true })!;
        var gone = ParentWatch.GoneAsync(parent.Id, TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.False(gone.IsCompleted);
        parent.StandardInput.Close();
        await gone.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Gone_ProcessHasEndedBefore_Completes()
    {
        using var parent = Process.Start("true");
        await parent.WaitForExitAsync(TestContext.Current.CancellationToken);
        await ParentWatch
            .GoneAsync(parent.Id, TimeProvider.System, TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }
}
