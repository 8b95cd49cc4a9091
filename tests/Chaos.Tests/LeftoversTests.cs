using System.Diagnostics;

namespace TrainingCluster.Chaos.Tests;

public sealed class LeftoversTests
{
    /// <summary>Greater than any process id of Linux.</summary>
    private const int Nobody = 99_999_999;

    [Fact]
    public async Task RemoveAsync_ProcessesOfADeadAndOfALivingRun_KillsTheFirstAlone()
    {
        using var living = Start("/x/logs/y.json");
        using var orphan = Start($"/x/chaos-{Nobody}/worker-1-0.json");
        using var owned = Start($"/x/chaos-{living.Id}/worker-1-0.json");
        try
        {
            using var told = new StringWriter();
            await Leftovers.RemoveAsync(told, TestContext.Current.CancellationToken);
            Assert.Contains($"chaos process {Nobody} had left when it was killed: processes: 1", told.ToString(), StringComparison.Ordinal);
            Assert.True(orphan.HasExited);
            Assert.Equal(128 + 9, orphan.ExitCode);
            Assert.False(owned.HasExited);
            Assert.False(living.HasExited);
        }
        finally
        {
            foreach (var process in (Process[])[living, orphan, owned])
            {
                process.Kill();
            }
        }
    }

    [Theory]
    [InlineData("dotnet\0Worker.dll\0--ready-file\0/tmp/a b/chaos-12/worker-1-0.json\0--parent-pid\012\0", 12)]
    [InlineData("dotnet\0Worker.dll\0--ready-file\0/tmp/run/worker-1-0.json\0", null)]
    [InlineData("vi\0/tmp/chaos-12/worker-1-0.json\0", null)]
    [InlineData("dotnet\0--ready-file", null)]
    [InlineData("", null)]
    public void OwnerOfProcess_CommandLine_IsTheRunOfItsReadyFile(string commandLine, int? owner) =>
        Assert.Equal(owner, Leftovers.OwnerOfProcess(commandLine));

    [Theory]
    [InlineData("chaos-12 /tmp/x/coordinator tmpfs rw,size=98304k 0 0", "chaos-12", "/tmp/x/coordinator")]
    [InlineData(@"chaos-12 /tmp/a\040b\134c tmpfs rw 0 0", "chaos-12", @"/tmp/a b\c")]
    public void MountOf_Line_GivesSourceAndFolder(string line, string source, string folder) =>
        Assert.Equal((source, folder), Leftovers.MountOf(line));

    /// <summary>A shell that waits for input, with the arguments of a worker.</summary>
    private static Process Start(string readyFile) =>
        Process.Start(
            new ProcessStartInfo("/bin/sh", ["-c", "read line", "sh", "--ready-file", readyFile]) { RedirectStandardInput = true }
        )!;
}
