using TrainingCluster.V1;

namespace TrainingCluster.Serving.Tests.Api;

/// <summary>Several servers with the same model, and a client with the service configuration of docs/serving.md.</summary>
public class FailoverTests
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Translate_OneServerDrains_TheOtherAnswers()
    {
        await using var ending = await TestServer.StartAsync();
        await using var other = await TestServer.StartAsync();
        await ending.Gate.CloseAsync();
        using var channel = Failover.Connect(AddressOf(ending), AddressOf(other));
        var client = new Inference.InferenceClient(channel);
        for (var call = 0; call < 8; call++)
        {
            await AnsweredAsync(client);
        }
    }

    private static async Task AnsweredAsync(Inference.InferenceClient client)
    {
        var answer = await client.TranslateAsync(new TranslateRequest { Texts = { "3. Mai 2021" } }, cancellationToken: Ended);
        Assert.Equal("2021-05-03", Assert.Single(answer.Translations).Text);
    }

    private static string AddressOf(TestServer server) => $"http://{server.Channel.Target}";
}
