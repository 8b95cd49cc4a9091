using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Tests.Models;
using TrainingCluster.TestSupport;

namespace TrainingCluster.Modeling.Tests.Decoding;

/// <summary>Several threads translate with one model, as a server's do.</summary>
public class ThreadsTests
{
    private const int Threads = 4;

    [Theory]
    [InlineData("transformer", "sinusoidal")]
    [InlineData("transformer", "rotary")]
    [InlineData("recurrent-attention", null)]
    public async Task Search_OnSeveralThreads_FindsWhatItFindsAlone(string kind, string? positions)
    {
        using var model = TinyModels.Create(
            kind,
            spec =>
            {
                if (positions is not null)
                {
                    spec["positions"] = positions;
                }
            }
        );
        model.Freeze();
        var random = new Random(5);
        var sources = Enumerable
            .Range(0, 24)
            .Select(_ => Enumerable.Range(0, random.Next(1, 9)).Select(_ => random.Next(4, TinyModels.Vocabulary)).ToArray())
            .ToArray();
        var alone = Search();
        Assert.All(await AtOnceAsync(Search), found => Assert.Equal(alone, found));

        string Search() => Text(SequenceSearch.Search(model, sources, new SearchOptions { Beam = 3 }));
    }

    [Fact]
    public async Task Record_WhileOthersTranslate_HearsOfItsOwnSentenceAlone()
    {
        using var translator = Translator.Open(Repository.At("examples", "attention", "models", "dates"));
        var alone = Record();
        Assert.All(await AtOnceAsync(Record), recorded => Assert.Equal(alone, recorded));

        string Record()
        {
            var sources = new[] { translator.Encode("4. Juli 1976"), translator.Encode("3 May 2021") };
            var answers = SequenceSearch.Search(translator.Model, sources, new SearchOptions { Beam = 2 });
            var recording = AttentionRecorder.Record(translator, "3 May 2021");
            var weights = recording.Maps.SelectMany(map => map.Weights).Select(weight => BitConverter.SingleToInt32Bits(weight));
            return $"{Text(answers)} {recording.Translation} {recording.Maps.Count} {string.Join(' ', weights)}";
        }
    }

    private static Task<string[]> AtOnceAsync(Func<string> call) =>
        Task.WhenAll(
            Enumerable
                .Range(0, Threads)
                .Select(_ => Task.Factory.StartNew(call, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))
        );

    private static string Text(IEnumerable<Hypothesis> answers) =>
        string.Join('\n', answers.Select(answer => $"{string.Join(' ', answer.Tokens)}: {answer.LogProbability:R}"));
}
