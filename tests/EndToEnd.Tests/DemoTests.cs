using System.Net.Http.Json;
using System.Text.Json;

namespace TrainingCluster.EndToEnd.Tests;

/// <summary><c>demo --keep</c>: what a newcomer sees while it trains.</summary>
public sealed class DemoTests : IDisposable
{
    private readonly Workspace _workspace = new();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public async Task Demo_WithKeep_ShowsThePageAndTranslatesWithTheNewestCheckpointWhileItTrains()
    {
        await using var demo = ClusterCommand.Start(_workspace, "demo", "--keep");
        await demo.SeeAsync(ClusterCommand.Training);
        var page = Address("the cluster's page");
        var translate = Address("translate with the model");
        using var http = new HttpClient();

        var cluster = await http.GetStringAsync(page, Ended);
        Assert.Contains("worker-2", cluster, StringComparison.Ordinal);
        Assert.Contains($"href=\"{translate}\"", cluster, StringComparison.Ordinal);
        var job = cluster.Split("/jobs/")[1].Split('"')[0];
        Assert.Contains("data-curves", await http.GetStringAsync(new Uri(page, $"/jobs/{job}"), Ended), StringComparison.Ordinal);

        // The first checkpoint is that of step 100, and the server looks for new ones every few seconds.
        using var models = await UntilAsync(
            http,
            new Uri(translate, "/v1/models"),
            json => json.RootElement.TryGetProperty("models", out var all) && all.GetArrayLength() > 0
        );
        Assert.Equal(job, models.RootElement.GetProperty("models")[0].GetProperty("id").GetString());
        using var answer = await http.PostAsJsonAsync(
            new Uri(translate, $"/v1/models/{job}:translate"),
            new { texts = new[] { "3. Mai 2021" } },
            Ended
        );
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Ended));

        demo.Signal(ClusterCommand.SigInt);
        var result = await demo.EndAsync();
        Assert.Equal(130, result.ExitCode);
        Assert.Empty(ClusterCommand.ProcessesNaming(_workspace.Temporary));
        Assert.Empty(Directory.GetFileSystemEntries(_workspace.Temporary));

        Uri Address(string of)
        {
            var line = demo.Error.Split('\n').First(line => line.StartsWith(of, StringComparison.Ordinal));
            return new(line[of.Length..].Trim().Split(' ')[0]);
        }
    }

    private static async Task<JsonDocument> UntilAsync(HttpClient http, Uri address, Func<JsonDocument, bool> condition)
    {
        while (true)
        {
            try
            {
                var json = JsonDocument.Parse(await http.GetStringAsync(address, Ended));
                if (condition(json))
                {
                    return json;
                }
                json.Dispose();
            }
            catch (HttpRequestException)
            {
                // The server is not up yet: the training does not wait for it.
            }
            await Task.Delay(200, Ended);
        }
    }
}
