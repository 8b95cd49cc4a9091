using System.Text.Json;
using System.Text.RegularExpressions;
using TrainingCluster.AttentionView;
using TrainingCluster.Modeling.Decoding;

namespace TrainingCluster.Cli.Tests.AttentionView;

/// <summary>The page in a real browser, in a frame as wide as a phone. A check is a line of JavaScript that returns a text.</summary>
public class AttentionPageTests
{
    private const string Markup = "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=1'>";

    private static readonly ModelFacts s_transformer = new("transformer", 2, 4, 64, "a Transformer");
    private static readonly ModelFacts s_recurrent = new("recurrent", 1, 1, 96, "a recurrent model");

    [Fact]
    public async Task Page_OfATransformer_ShowsWhatATokenLooksAt()
    {
        var result = await CheckAsync(
            Page(Recording(["a", "b", "<eos>"], ["x", "y", "z", "<eos>"])),
            // The recording looks at source token t mod 3 at step t: 80 % there, 10 % at each other.
            "$$('#queries .token')[1].focus(); return $('#told').textContent",
            "return $$('#keys .share').map(share => share.textContent).join()",
            "return $$('#lines line').length",
            "press($$('#queries .token')[1], 'ArrowDown'); return $('#told').textContent",
            "press(page.activeElement, 'ArrowRight'); return $('#told').textContent",
            "click('#heads input', 2); click('#heads input', 1); return chosen('heads') + ' ' + $$('#lines line').length",
            "press(page.body, '2'); return chosen('heads')",
            "press(page.body, '0'); return chosen('heads')"
        );
        Assert.Equal(
            [
                "To write “y” the model looks at: “b” 80 %, “a” 10 %, “<eos>” 10 %.",
                "10 %,80 %,10 %",
                "12",
                "To write “z” the model looks at: “<eos>” 80 %, “a” 10 %, “b” 10 %.",
                "“<eos>” is looked at to write: “z” 80 %, “x” 10 %, “y” 10 %, “<eos>” 10 %.",
                "1,4 8",
                "2",
                "1,2,3,4",
            ],
            result
        );
    }

    [Fact]
    public async Task Page_StepByStep_GrowsKeysAndValues()
    {
        var result = await CheckAsync(
            Page(Recording(["a", "<eos>"], ["x", "y", "<eos>"])),
            "return $('#step-number').textContent",
            "$('#step').value = 1; $('#step').dispatchEvent(new Event('input')); return $('#written').textContent",
            "return $$('.kept i:not(.none)').length",
            "$('#on').click(); return $('#written').textContent + ' / ' + $('#told').textContent",
            "return $$('.kept i:not(.none)').length + ' ' + $$('.kept i.new').length + ' ' + $('#cache-told').textContent.split('.')[0]",
            "return $$('#queries .token').map(token => token.classList.contains('later') ? 1 : 0).join('')",
            "$('#on').click(); $('#on').click(); return $('#step-number').textContent",
            "return $('#likeliest .chosen bdi').textContent"
        );
        Assert.Equal(
            [
                "3 of 3",
                "reads “<bos>”, writes: x",
                "4",
                "reads “x”, writes: xy / To write “y” the model looks at: “<eos>” 90 %, “a” 10 %.",
                "8 4 2 tokens × 2 layers × (key + value) × 64 numbers = 512",
                "001",
                "3 of 3",
                "<eos>",
            ],
            result
        );
    }

    [Fact]
    public async Task Page_ChoosingKindLayerAndView_ShowsThem()
    {
        var result = await CheckAsync(
            Page(Recording(["a", "b", "<eos>"], ["x", "<eos>"])),
            "return $$('#kinds label').map(label => label.textContent + (label.control.checked ? '*' : '')).join()",
            "click('#kinds input', 0); return $('#queries-heading').textContent + ' ' + $$('#queries .token').length",
            "click('#layers input', 0); return chosen('layers')",
            "click('#views input', 1); return $$('#maps canvas').length + ' ' + $('.scroll').hidden",
            "click('#maps button', 6); return chosen('views') + ' ' + chosen('layers') + ' ' + chosen('heads')",
            "click('#kinds input', 1); return $('#queries .token bdi').textContent + ' ' + $('#queries .token').textContent.trim()"
        );
        Assert.Equal(["Encoder,Decoder,Cross*", "source token (query) 3", "1", "8 true", "tokens 2 3", "<bos> <bos> →x"], result);
    }

    [Fact]
    public async Task Page_OfARecurrentModel_HasCrossAttentionAlone()
    {
        var whole = Recording(["a", "<eos>"], ["x", "<eos>"]);
        var recording = whole with { Maps = [.. whole.Maps.Where(map => map is { Kind: AttentionKind.Cross, Layer: 1, Head: 1 })] };
        var result = await CheckAsync(
            AttentionPage.Create(recording, s_recurrent, new AttentionPageView(null, null, [])),
            "return $$('#kinds label').map(label => label.textContent).join()",
            "return $('#cache-told').textContent.split(':')[0]"
        );
        Assert.Equal(["Cross", "A recurrent decoder keeps no keys and values of what it wrote"], result);
    }

    [Fact]
    public async Task Page_SentenceWithMarkup_IsShownAsText()
    {
        var recording = Recording([Markup, "<eos>"], [Markup, "<eos>"]) with { Source = Markup, Translation = Markup };
        var html = Page(recording);
        Assert.DoesNotContain(Markup, html, StringComparison.Ordinal);
        var result = await CheckAsync(
            html,
            "return $('#source').textContent",
            "return $('#keys .token bdi').textContent",
            "return String(page.defaultView.hacked)",
            "return $$('img').length"
        );
        Assert.Equal([Markup, Markup, "undefined", "0"], result);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(420)]
    public async Task Page_OnAPhone_FitsAndNamesEveryControl(int tokens)
    {
        string[] names = [.. Enumerable.Range(0, tokens).Select(i => $"token{i}")];
        var result = await CheckAsync(
            Page(Recording(names, names)),
            "return page.documentElement.scrollWidth - page.documentElement.clientWidth",
            "return $$('button, input').filter(one => !(one.textContent.trim() || one.getAttribute('aria-label') || "
                + "one.labels?.[0]?.textContent)).length",
            "click('#views input', 1); return page.documentElement.scrollWidth - page.documentElement.clientWidth",
            "return $$('a, link, script[src], img, iframe').length",
            "press(page.body, '1'); click('#views input', 0); press($('#queries .token'), 'End'); "
                + "return $('#told').textContent.split(' the ')[0]"
        );
        Assert.Equal(["0", "0", "0", "0", $"To write “token{tokens - 1}”"], result);
    }

    [Fact]
    public void Page_NeedsNothingFromElsewhere() =>
        Assert.Equal(
            ["http://www.w3.org/2000/svg"],
            Regex.Matches(Page(Recording(["a"], ["b"])), @"\bhttps?://[\w./]+").Select(match => match.Value)
        );

    private static string Page(AttentionRecording recording) =>
        AttentionPage.Create(recording, s_transformer, new AttentionPageView(null, null, []));

    /// <summary>Every head of both layers looks at key t mod S in row t: 80 % with three keys, and the rest alike.</summary>
    private static AttentionRecording Recording(string[] source, string[] written)
    {
        string[] read = ["<bos>", .. written[..^1]];
        var sizes = new[]
        {
            (AttentionKind.EncoderSelf, source, source),
            (AttentionKind.DecoderSelf, written, read),
            (AttentionKind.Cross, written, source),
        };
        var maps =
            from size in sizes
            from layer in new[] { 1, 2 }
            from head in new[] { 1, 2, 3, 4 }
            select new AttentionMap(size.Item1, layer, head, size.Item2, size.Item3, Weights(size.Item2.Length, size.Item3.Length));
        var steps = read.Zip(written, (one, next) => new DecodingStep(one, next, [new TokenProbability(next, 0.75f)]));
        return new AttentionRecording(string.Concat(source), string.Concat(written), source, [.. steps], [.. maps]);
    }

    private static float[] Weights(int rows, int columns)
    {
        var others = 0.1f / Math.Max(1, (columns - 1) / 2);
        return
        [
            .. Enumerable.Range(0, rows * columns).Select(i => i % columns == i / columns % columns ? 1 - others * (columns - 1) : others),
        ];
    }

    /// <summary>Runs each check in the page, one after the other, and returns what they return.</summary>
    private static async Task<IReadOnlyList<string>> CheckAsync(string html, params string[] checks)
    {
        var functions = string.Join(",\n", checks.Select(check => $"($, $$, page, press, click, chosen) => {{ {check} }}"));
        var result = await Browser.ReadResultAsync(
            $$"""
            <!doctype html><meta charset="utf-8"><body><p id="result"></p>
            <script>
            const frame = document.createElement('iframe');
            frame.style = 'width:420px;height:900px;border:0';
            frame.srcdoc = {{JsonSerializer.Serialize(html)}};
            frame.onload = () => {
              const page = frame.contentDocument;
              const $ = selector => page.querySelector(selector);
              const $$ = selector => [...page.querySelectorAll(selector)];
              const press = (target, key) =>
                target.dispatchEvent(new frame.contentWindow.KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
              const click = (selector, index) => $$(selector)[index].click();
              const chosen = id => $$(`#${id} input:checked`).map(input => input.value).join();
              const results = [{{functions}}].map(check => {
                try { return String(check($, $$, page, press, click, chosen)); } catch (error) { return 'failed: ' + error; }
              });
              document.getElementById('result').textContent = JSON.stringify(results);
            };
            document.body.append(frame);
            </script></body>
            """
        );
        Assert.NotEqual("", result);
        return JsonSerializer.Deserialize<string[]>(result)!;
    }
}
