using Microsoft.Playwright;
using TrainingCluster.Modeling.Serialization;
using TrainingCluster.Serving.Models;
using TrainingCluster.TestSupport.Web;

namespace TrainingCluster.Serving.Tests.Web;

/// <summary>The page to translate with, in a real browser, with the model of dates.</summary>
public class TryPageTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    [Theory]
    [InlineData(1280, false)]
    [InlineData(1280, true)]
    [InlineData(420, false)]
    [InlineData(420, true)]
    public async Task Page_WithATranslation_IsAccessibleAndFits(int width, bool dark)
    {
        await using var server = await TestServer.StartAsync();
        var page = await browser.OpenAsync(width, dark);
        var complaints = BrowserFixture.Complaints(page);
        await GoAsync(page, server);
        await BrowserFixture.RequireAccessibleAsync(page, width);

        await TranslateAsync(page, "3. Mai 2021");

        Assert.Equal("2021-05-03", await page.InnerTextAsync("#translation p"));
        Assert.Equal(3, await page.Locator("#alternatives li").CountAsync());
        await BrowserFixture.RequireAccessibleAsync(page, width);
        Assert.Empty(complaints);
    }

    [Theory]
    [InlineData(1280, false)]
    [InlineData(420, true)]
    public async Task Page_JobThatTrains_IsChosenByTheAddressAndSaysItsStep(int width, bool dark)
    {
        await using var server = await TestServer.StartAsync([new FolderSource(TestModels.Dates), new TrainingJob()]);
        var page = await browser.OpenAsync(width, dark);
        await page.GotoAsync($"{server.Http.BaseAddress}?model=trains-1");
        await page.Locator("html[data-ready]").WaitForAsync();

        Assert.Equal("trains-1", await page.InputValueAsync("#model"));
        Assert.Equal("job trains-1 is running: weights of step 200", await page.InnerTextAsync("#model-words"));
        await TranslateAsync(page, "3. Mai 2021");
        Assert.Equal("2021-05-03", await page.InnerTextAsync("#translation p"));
        await BrowserFixture.RequireAccessibleAsync(page, width);
    }

    [Fact]
    public async Task Page_SeveralLines_TranslatesEach()
    {
        await using var server = await TestServer.StartAsync();
        var page = await browser.OpenAsync();
        await GoAsync(page, server);
        await page.FillAsync("#text", "3. Mai 2021\n\n  May 4, 2021 ");
        await page.SelectOptionAsync("#beam", "1");
        await page.ClickAsync("#translate");
        await page.Locator("#look:enabled").WaitForAsync();
        Assert.Equal(["2021-05-03", "2021-05-04"], await page.Locator("#translation p").AllInnerTextsAsync());
    }

    [Fact]
    public async Task Look_AtATranslation_ShowsEveryLayerAndHead()
    {
        await using var server = await TestServer.StartAsync();
        var page = await browser.OpenAsync();
        await GoAsync(page, server);
        await TranslateAsync(page, "3. Mai 2021");

        await page.ClickAsync("#look");
        var frame = page.FrameLocator("#drawing");
        await frame.Locator("svg").First.WaitForAsync();

        Assert.Contains("Transformer", await frame.Locator("body").InnerTextAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<img src=x onerror=alert(1)> 3. Mai 2021")]
    [InlineData("</script><script>alert(1)</script> 3. Mai 2021")]
    public async Task Page_Markup_IsText(string text)
    {
        await using var server = await TestServer.StartAsync();
        var page = await browser.OpenAsync();
        page.Dialog += (_, dialog) => Assert.Fail($"a script ran: {dialog.Message}");
        await GoAsync(page, server);
        await TranslateAsync(page, text);
        await page.ClickAsync("#look");
        await page.FrameLocator("#drawing").Locator("svg").First.WaitForAsync();
    }

    [Fact]
    public async Task Page_TenThousandWords_SaysTheLimit()
    {
        await using var server = await TestServer.StartAsync();
        var page = await browser.OpenAsync();
        await GoAsync(page, server);
        await page.FillAsync("#text", string.Join(' ', Enumerable.Repeat("Mai", 10_000)));
        await page.ClickAsync("#translate");
        await page.Locator("#problem:not(:empty)").WaitForAsync();
        Assert.Contains("tokens", await page.InnerTextAsync("#problem"), StringComparison.Ordinal);
        // And the page goes on.
        await TranslateAsync(page, "3. Mai 2021");
        Assert.Equal("", await page.InnerTextAsync("#problem"));
    }

    [Fact]
    public async Task Page_ModelThatCannotBeUsed_SaysWhy()
    {
        using var folder = new TemporaryFolder();
        var damaged = Path.Combine(folder.Path, "damaged");
        TestModels.Save(damaged, 1);
        TestModels.Damage(damaged, ModelFolder.WeightsFile);
        await using var server = await TestServer.StartAsync([new FolderSource(TestModels.Dates), new FolderSource(damaged)]);
        var page = await browser.OpenAsync();
        await GoAsync(page, server);
        await page.SelectOptionAsync("#model", "damaged");
        await page.FillAsync("#text", "3. Mai 2021");
        if (await page.Locator("#translate").IsEnabledAsync())
        {
            await page.ClickAsync("#translate");
        }
        await page.Locator("#problem:not(:empty), #model-words:not(:empty)").First.WaitForAsync();
    }

    [Fact]
    public async Task Page_WithTokens_LetsOnlyThemIn()
    {
        using var folder = new TemporaryFolder();
        var tokens = Path.Combine(folder.Path, "tokens");
        await File.WriteAllTextAsync(
            tokens,
            Security.AccessTokens.LineOf("eva-token", new("eva", Security.AccessRole.Viewer, "team-a")),
            TestContext.Current.CancellationToken
        );
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(tokens, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        await using var server = await TestServer.StartAsync(tokens: tokens);
        foreach (var path in new[] { "/", "/look?model=dates&text=a" })
        {
            using var response = await server.Http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(System.Net.HttpStatusCode.Unauthorized, response.StatusCode);
        }
        var page = await browser.OpenAsync(token: "eva-token");
        await GoAsync(page, server);
        await TranslateAsync(page, "3. Mai 2021");
    }

    /// <summary>A job that trains, whose newest checkpoint is the model of dates.</summary>
    private sealed class TrainingJob : IModelSource
    {
        public string Name => "a job";

        public bool IsNamed => false;

        public Task<IReadOnlyList<ModelOffer>> LookAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<ModelOffer>>([
                new("trains-1", "", "step-200", "", false, "") { Note = "job trains-1 is running: weights of step 200" },
            ]);

        public Task<string> FetchAsync(ModelOffer offer, CancellationToken cancellationToken) => Task.FromResult(TestModels.Dates);

        public void Forget(string id) { }
    }

    private static async Task GoAsync(IPage page, TestServer server)
    {
        await page.GotoAsync(server.Http.BaseAddress!.ToString());
        await page.Locator("html[data-ready]").WaitForAsync();
    }

    private static async Task TranslateAsync(IPage page, string text)
    {
        await page.FillAsync("#text", text);
        await page.FocusAsync("#text");
        await page.Keyboard.PressAsync("Enter");
        await page.Locator("#look:enabled").WaitForAsync();
    }
}
