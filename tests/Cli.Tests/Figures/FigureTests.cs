using System.Xml.Linq;
using TrainingCluster.Cli.Figures;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Decoding;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Tokenization;
using TrainingCluster.V1;
using AttentionKind = TrainingCluster.Modeling.Decoding.AttentionKind;

namespace TrainingCluster.Cli.Tests.Figures;

public class FigureTests
{
    private const string Sentence = "3. März <2021> & 两个";

    private static readonly CurvePoint[] s_curve = [new(0.5, 100, 3), new(1, 200, 21), new(2, 400, 33.25)];

    [Theory]
    [InlineData("transformer", 2 * 3 * 3)]
    [InlineData("recurrent-attention", 1)]
    public void Record_Sentence_GivesEveryHeadsWeightsAsSharesOfOne(string kind, int maps)
    {
        var recording = Record(kind);
        Assert.Equal(maps, recording.Maps.Count);
        foreach (var map in recording.Maps)
        {
            Assert.Equal(map.Queries.Count * map.Keys.Count, map.Weights.Count);
            foreach (var row in map.Weights.Chunk(map.Keys.Count))
            {
                Assert.Equal(1, row.Sum(), 1e-4);
            }
        }
        foreach (var map in recording.Maps.Where(map => map.Kind == AttentionKind.DecoderSelf))
        {
            Assert.All(Enumerable.Range(1, map.Keys.Count - 1), key => Assert.Equal(0, map.Weights[key]));
        }
    }

    [Fact]
    public void Record_NothingToSee_Throws()
    {
        using var translator = Translate("transformer");
        Assert.Throws<ArgumentException>(() => AttentionRecorder.Record(translator, "  "));
    }

    [Fact]
    public async Task Draw_AnyText_IsWellFormedAndNeedsNothingFromElsewhere()
    {
        foreach (var (name, svg) in await DrawingsAsync())
        {
            var document = XDocument.Parse(svg);
            Assert.Equal("svg", document.Root!.Name.LocalName);
            Assert.True(document.Descendants().Count(element => element.Name.LocalName == "text") > 3, name);
            Assert.DoesNotContain("href", svg, StringComparison.Ordinal);
            Assert.DoesNotContain("NaN", svg, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void LineChart_OnePoint_HasAxes()
    {
        var svg = new LineChart
        {
            Title = "BLEU",
            XName = "minutes",
            YName = "BLEU",
            Series = [new ChartSeries("greedy", [(1, 37)])],
        }.ToSvg();
        Assert.Contains(">37<", svg, StringComparison.Ordinal);
    }

    [Fact]
    public void ColorScale_FromEndToEnd_ChangesLightnessOneWay()
    {
        foreach (var (scale, direction) in new[] { (ColorScale.Blues, -1), (ColorScale.Cividis, 1) })
        {
            var lightness = Enumerable.Range(0, 33).Select(i => Lightness(scale.At(i / 32.0))).ToList();
            Assert.All(lightness.Zip(lightness.Skip(1)), pair => Assert.True(Math.Sign(pair.Second - pair.First) == direction));
        }
        static double Lightness(string color) => 0.2126 * Channel(color, 1) + 0.7152 * Channel(color, 3) + 0.0722 * Channel(color, 5);
        static double Channel(string color, int at) => Math.Pow(Convert.ToInt32(color.Substring(at, 2), 16) / 255.0, 2.2);
    }

    [Fact]
    public async Task Draw_InARealBrowser_ShowsEveryTextWithinTheSheet()
    {
        var drawings = await DrawingsAsync();
        var result = await Browser.ReadResultAsync(
            $$"""
            <!doctype html><meta charset="utf-8"><body>
            {{string.Concat(drawings.Select(drawing => drawing.Svg))}}<p id="result"></p><script>
            const outside = [];
            let texts = 0;
            for (const svg of document.querySelectorAll('svg')) {
              const sheet = svg.getBoundingClientRect();
              for (const text of svg.querySelectorAll('text')) {
                const box = text.getBoundingClientRect();
                texts++;
                if (box.width === 0 || box.left < sheet.left - 1 || box.right > sheet.right + 1
                    || box.top < sheet.top - 1 || box.bottom > sheet.bottom + 1)
                  outside.push(text.textContent);
              }
            }
            document.getElementById('result').textContent = `${texts} texts, ${outside.length} outside: ${outside.join(' | ')}.`;
            </script></body>
            """
        );
        Assert.Matches(@"^\d\d+ texts, 0 outside: \.$", result);
    }

    private static async Task<IReadOnlyList<(string Name, string Svg)>> DrawingsAsync() =>
        [
            .. (await DrawnCourse.PicturesAsync()).Select(picture => (picture.Key, picture.Value)),
            ("curve", TrainingCurve.Draw([("one", s_curve), ("two", s_curve)])),
            ("attention", AttentionFigure.Draw(Record("transformer"))),
            ("recurrent", AttentionFigure.Draw(Record("recurrent-attention"))),
        ];

    private static AttentionRecording Record(string kind)
    {
        using var translator = Translate(kind);
        return AttentionRecorder.Record(translator, Sentence, new SearchOptions { MaxLength = 6 });
    }

    private static Translator Translate(string kind)
    {
        var trainer = new BpeTrainer();
        trainer.Add("3. März 2021");
        var tokenizer = trainer.Train(BpeTokenizer.MinimumVocabularySize + 4);
        var model = ModelFactory.Create(
            new ModelSpec
            {
                Kind = kind,
                DModel = 24,
                Heads = 3,
                Layers = 2,
                FeedForward = 16,
            }.ToOptions(),
            tokenizer.VocabularySize,
            3
        );
        return new Translator(model, tokenizer);
    }
}
